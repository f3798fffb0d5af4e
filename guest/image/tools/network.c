// nc and ping: bytes to a port and back, echoes. ip(7), icmp(7).
#include "../tool.h"

struct wait { int fd; short wanted, found; };
enum { POLLIN = 1, POLLHUP = 16 };

/** An address of IPv4, or a name of /etc/hosts: false if it is neither. */
static bool address_of(const char *text, uint32_t *address) {
  static char hosts[4096];
  unsigned char *bytes = (unsigned char *)address;
  const char *at = text;
  for (int i = 0; i < 4; i++) {
    long value = 0;
    if (!is_digit(*at)) break;
    while (is_digit(*at) && value < 256) value = value * 10 + *at++ - '0';
    if (value > 255 || *at != (i < 3 ? '.' : 0)) break;
    bytes[i] = value;
    if (i == 3) return true;
    at++;
  }
  if (read_file("/etc/hosts", hosts, sizeof hosts) <= 0) return false;
  for (char *line = hosts, *end; *line; line = end + 1) {
    end = strchr(line, '\n');
    if (!end) end = line + strlen(line) - 1;
    char *word = line;
    while (word < end && !is_space(*word)) word++;
    char *first = word;
    while (word < end) {
      while (word < end && is_space(*word)) word++;
      size_t length = 0;
      while (word + length <= end && word[length] && !is_space(word[length])) length++;
      if (length == strlen(text) && strncmp(word, text, length) == 0) {
        *first = 0;
        return strcmp(line, text) != 0 && address_of(line, address);
      }
      word += length;
    }
  }
  return false;
}

static uint16_t swapped(unsigned value) { return value << 8 | (value >> 8 & 0xff); }

TOOL(nc) {
  long port, error;
  bool listens = count && same(*words, "-l");
  if (listens) words++, count--;
  struct address_in address = {AF_INET, 0, 0, {0}};
  if (!count || count > 2 || !number(words[count - 1], 10, &port) || port < 1 || port > 65535) return usage();
  if (count == 2 && !address_of(words[0], &address.address)) return failed(words[0], ENOENT);
  if (count == 1 && !listens) address.address = 0x0100007f;
  address.port = swapped(port);
  long fd = call(socket, AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return failed("socket", fd);
  if (listens) {
    int one = 1;
    call(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if ((error = call(bind, fd, &address, sizeof address)) || (error = call(listen, fd, 1))) return failed(words[count - 1], error);
    long peer = call(accept4, fd, NULL, NULL, 0);
    if (peer < 0) return failed("accept", peer);
    call(close, fd);
    fd = peer;
  } else if ((error = call(connect, fd, &address, sizeof address))) return failed(words[0], error);
  char bytes[16384];
  struct wait waits[2] = {{0, POLLIN, 0}, {fd, POLLIN, 0}};
  for (;;) {
    if (call(poll, waits, 2, -1) < 0) continue;
    if (waits[0].found) {
      long length = call(read, 0, bytes, sizeof bytes);
      if (length <= 0) {
        waits[0].fd = -1;
        call(shutdown, fd, 1); // nothing more comes from here
      }
      for (long done = 0, part; done < length; done += part)
        if ((part = call(write, fd, bytes + done, length - done)) <= 0) return 1;
    }
    if (waits[1].found) {
      long length = call(read, fd, bytes, sizeof bytes);
      if (length <= 0) return length < 0;
      put(bytes, length);
      if (!flush()) return 1;
    }
  }
}

static uint16_t checksum(const uint16_t *words, int count) {
  uint32_t sum = 0;
  while (count--) sum += *words++;
  sum = (sum & 0xffff) + (sum >> 16);
  return ~(sum + (sum >> 16));
}

static long milliseconds(void) {
  struct timespec now;
  call(clock_gettime, 1, &now);
  return now.seconds * 1000 + now.nanoseconds / 1000000;
}

TOOL(ping) {
  long wanted = 4;
  if (count > 1 && same(*words, "-c")) {
    if (!number(words[1], 10, &wanted)) return usage();
    words += 2, count -= 2;
  }
  struct address_in address = {AF_INET, 0, 0, {0}};
  if (count != 1) return usage();
  if (!address_of(words[0], &address.address)) return failed(words[0], ENOENT);
  long fd = call(socket, AF_INET, 3, IPPROTO_ICMP); // SOCK_RAW
  bool raw = fd >= 0;
  if (!raw) fd = call(socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  if (fd < 0) return failed("socket", fd);
  long error = call(connect, fd, &address, sizeof address);
  if (error) return failed(words[0], error);
  int answers = 0;
  uint16_t id = call(getpid), message[32], answer[256];
  for (long i = 1; i <= wanted; i++) {
    memset(message, 0, sizeof message);
    message[0] = 8, message[2] = id, message[3] = swapped(i);
    message[1] = checksum(message, 32);
    long start = milliseconds();
    if ((error = call(write, fd, message, sizeof message)) < 0) failed(words[0], error);
    struct wait wait = {fd, POLLIN, 0};
    for (long rest = 1000; rest > 0 && call(poll, &wait, 1, rest) > 0; rest = 1000 - (milliseconds() - start)) {
      long length = call(read, fd, answer, sizeof answer);
      uint16_t *echo = raw ? answer + (answer[0] & 15) * 2 : answer;
      if (length < 8 || (echo[0] & 0xff) != 0 || echo[3] != message[3]) continue;
      print("%d bytes from %s: seq=%d time=%d ms\n", (int)(length - (raw ? 20 : 0)), words[0], (int)i, (int)(milliseconds() - start));
      answers++;
      break;
    }
    flush();
    if (i < wanted) {
      struct timespec second = {1, 0};
      call(nanosleep, &second, NULL);
    }
  }
  print("%d sent, %d received\n", (int)wanted, answers);
  return !answers;
}

// meter send ADDRESS PORT SECONDS [mark M | priority P]: sends 500 datagrams of 1000 bytes a second.
// meter receive SECONDS PORT...: tells of each port how many bytes a second have come (of frames), from the first datagram on.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  static char data[2000];
  if (!strcmp(argv[1], "send")) {
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3])), .sin_addr.s_addr = inet_addr(argv[2])};
    if (argc > 6) {
      int value = strtoul(argv[6], 0, 0);
      if (setsockopt(s, SOL_SOCKET, argv[5][0] == 'm' ? SO_MARK : SO_PRIORITY, &value, sizeof value)) perror(argv[5]);
    }
    struct timespec pause = {0, 2000000};
    for (double end = now() + atof(argv[4]); now() < end; nanosleep(&pause, 0)) sendto(s, data, 1000, 0, (void *)&to, sizeof to);
    return 0;
  }
  int count = argc - 3;
  struct pollfd sockets[8];
  long long bytes[8] = {0};
  for (int i = 0; i < count; i++) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3 + i]))};
    sockets[i] = (struct pollfd){socket(AF_INET, SOCK_DGRAM, 0), POLLIN};
    bind(sockets[i].fd, (void *)&at, sizeof at);
  }
  poll(sockets, count, 10000);
  double began = now(), seconds = atof(argv[2]);
  while (now() < began + seconds && poll(sockets, count, 1000) > 0)
    for (int i = 0; i < count; i++)
      if (sockets[i].revents && recv(sockets[i].fd, data, sizeof data, 0) > 0) bytes[i] += 1042;
  for (int i = 0; i < count; i++) printf("%s %.0f\n", argv[3 + i], bytes[i] / seconds);
  return 0;
}

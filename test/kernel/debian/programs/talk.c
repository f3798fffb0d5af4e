// talk COUNT SIZE [OPTION VALUE]...: sends datagrams to a port of 127.0.0.1 at which it listens itself, from a socket with these options.
// Options: priority, mark, tos, from ADDRESS, to ADDRESS (where nobody listens), port.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
  int s = socket(AF_INET, SOCK_DGRAM, 0), listener = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 3; i + 1 < argc; i += 2) {
    const char *name = argv[i], *text = argv[i + 1];
    int value = strtoul(text, 0, 0), failed = 0;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(text)};
    if (!strcmp(name, "priority")) failed = setsockopt(s, SOL_SOCKET, SO_PRIORITY, &value, sizeof value);
    else if (!strcmp(name, "mark")) failed = setsockopt(s, SOL_SOCKET, SO_MARK, &value, sizeof value);
    else if (!strcmp(name, "tos")) failed = setsockopt(s, IPPROTO_IP, IP_TOS, &value, sizeof value);
    else if (!strcmp(name, "from")) failed = bind(s, (void *)&from, sizeof from);
    else if (!strcmp(name, "to")) to.sin_addr.s_addr = inet_addr(text);
    else if (!strcmp(name, "port")) to.sin_port = htons(value);
    if (failed) perror(name);
  }
  if (to.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) bind(listener, (void *)&to, sizeof to);
  static char data[65536];
  for (int i = atoi(argv[1]); i > 0; i--)
    if (sendto(s, data, atoi(argv[2]), 0, (void *)&to, sizeof to) < 0) perror("sendto");
  return 0;
}

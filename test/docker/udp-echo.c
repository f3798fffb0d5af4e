// Sends each datagram back to its sender: man 2 recvfrom, sendto.
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int count, char **args) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(atoi(args[1]))}, from;
  char data[2048];
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (count < 2 || bind(fd, (void *)&own, sizeof own) != 0) return 1;
  for (;;) {
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(fd, data, sizeof data, 0, (void *)&from, &size);
    if (length >= 0) sendto(fd, data, length, 0, (void *)&from, size);
  }
}

// httpd: what is in a folder, to look at from outside. RFC 1945: one answer a connection, GET and HEAD.
#include "../tool.h"

enum { REQUEST = 4096 };

static const char *const types[][2] = {
  {".html", "text/html; charset=utf-8"}, {".css", "text/css"}, {".js", "text/javascript"}, {".svg", "image/svg+xml"},
  {".png", "image/png"}, {".jpg", "image/jpeg"}, {".gif", "image/gif"}, {".json", "application/json"},
};

static const char *type_of(const char *path) {
  size_t length = strlen(path);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    size_t ending = strlen(types[i][0]);
    if (length > ending && same(path + length - ending, types[i][0])) return types[i][1];
  }
  return "text/plain; charset=utf-8";
}

static int head(const char *status, const char *type) {
  print("HTTP/1.0 %s\r\nContent-Type: %s\r\nConnection: close\r\n\r\n", status, type);
  return 0;
}

static int refuse(const char *status) {
  head(status, "text/html; charset=utf-8");
  print("<!doctype html><title>%s</title><h1>%s</h1>\n", status, status);
  return 0;
}

static int digit(int c) { return is_digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1; }

/** The path of a target, %XX as what they are, in place: false when it leads out or has a NUL. */
static bool plain(char *target) {
  char *to = target;
  for (char *from = target; *from && *from != '?' && *from != '#'; from++) {
    if (*from == '%') {
      int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
      if (low < 0 || !(high | low)) return false;
      *to++ = high << 4 | low;
      from += 2;
    } else *to++ = *from;
  }
  *to = 0;
  for (char *at = target; (at = strstr(at, "..")); at += 2)
    if ((at == target || at[-1] == '/') && (!at[2] || at[2] == '/')) return false;
  return *target == '/' && target[1] != '/';
}

static void escaped(const char *text) {
  for (; *text; text++)
    if (*text == '<' || *text == '&' || *text == '"') print("&#%d;", *text);
    else put(text, 1);
}

static void address(const char *text) {
  for (; *text; text++)
    if (is_name(*text) || *text == '.' || *text == '-') put(text, 1);
    else print("%%%02x", (unsigned char)*text);
}

static int listing(const char *path, const char *target) {
  char **names;
  if (list(path, &names) < 0) return refuse("403 Forbidden");
  head("200 OK", "text/html; charset=utf-8");
  print("<!doctype html><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>");
  escaped(target);
  print("</title><h1>");
  escaped(target);
  print("</h1><ul>\n");
  if (!same(target, "/")) print("<li><a href=\"../\">../</a>\n");
  for (; *names; names++) {
    struct status status;
    bool folder = !call(stat64, join(path, *names), &status) && (status.mode & S_IFMT) == S_IFDIR;
    print("<li><a href=\"");
    address(*names);
    print(folder ? "/\">" : "\">");
    escaped(*names);
    print(folder ? "/</a>\n" : "</a>\n");
  }
  print("</ul>\n");
  return 0;
}

static int answer(const char *folder) {
  char request[REQUEST];
  size_t length = 0;
  for (long part; !length || !strstr(request, "\r\n\r\n"); length += part) {
    if (length == sizeof request - 1) return refuse("431 Request Header Fields Too Large");
    if ((part = call(read, 1, request + length, sizeof request - 1 - length)) <= 0) return 1;
    request[length + part] = 0;
  }
  bool only = strncmp(request, "HEAD ", 5) == 0;
  if (!only && strncmp(request, "GET ", 4)) return refuse("501 Not Implemented");
  char *target = request + (only ? 5 : 4), *end = target;
  while (*end > ' ') end++;
  *end = 0;
  if (!plain(target)) return refuse("400 Bad Request");
  const char *path = join(folder, target + 1);
  struct status status;
  if (call(stat64, path, &status)) return refuse("404 Not Found");
  if ((status.mode & S_IFMT) == S_IFDIR) {
    if (target[strlen(target) - 1] != '/') {
      print("HTTP/1.0 301 Moved Permanently\r\nLocation: ");
      for (char *at = target; *at; at++)
        if (*at == '/') put(at, 1);
        else address(copy(at, 1));
      print("/\r\n\r\n");
      return 0;
    }
    const char *index = join(path, "index.html");
    if (call(stat64, index, &status)) return listing(path, target);
    path = index;
  }
  // a file, or what /proc says: no device, and no pipe that nobody writes
  long file = (status.mode & S_IFMT) == S_IFREG ? call(open, path, O_RDONLY) : -EACCES;
  if (file < 0) return refuse("403 Forbidden");
  head("200 OK", type_of(path));
  return only ? 0 : pour(file, 1) < 0;
}

TOOL(httpd) {
  long port = 80, error;
  if (count > 1 && same(*words, "-p")) {
    if (!number(words[1], 10, &port) || port < 1 || port > 65535) return usage();
    words += 2, count -= 2;
  }
  if (count > 1) return usage();
  const char *folder = count ? *words : ".";
  if ((error = call(chdir, folder))) return failed(folder, error);
  struct address_in here = {AF_INET, port << 8 | (port >> 8 & 0xff), 0, {0}};
  long fd = call(socket, AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return failed("socket", fd);
  int one = 1;
  call(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if ((error = call(bind, fd, &here, sizeof here)) || (error = call(listen, fd, 16))) return failed("port", error);
  print("serves %s at port %d\n", folder, (int)port);
  flush();
  for (;;) {
    long peer = call(accept4, fd, NULL, NULL, 0);
    while (call(wait4, -1, NULL, WNOHANG, NULL) > 0) {}
    if (peer < 0) continue;
    long child = call(fork);
    if (child) {
      call(close, peer);
      continue;
    }
    call(dup2, peer, 1);
    int status = answer(".");
    flush();
    call(exit_group, status);
  }
}

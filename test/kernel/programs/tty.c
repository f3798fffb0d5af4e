// pty(7), termios(3), tty_ioctl(4), credentials(7): the line discipline from both sides of a pty, and job control.
#include "show.h"
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

static int master, slave;
static char buffer[8192];

/** What comes out of the master, control characters as \xx. */
static void out(const char *rule) {
  static char shown[8192 * 4];
  struct pollfd fd = {.fd = master, .events = POLLIN};
  // an echo may come in pieces
  int length = 0;
  for (int wait = 100; length < sizeof buffer && poll(&fd, 1, wait) == 1; wait = 20) {
    int more = read(master, buffer + length, sizeof buffer - length);
    if (more <= 0) break;
    length += more;
  }
  char *to = shown;
  for (int i = 0; i < length; i++) to += sprintf(to, buffer[i] < 32 || buffer[i] == 127 ? "\\%02x" : "%c", (unsigned char)buffer[i]);
  *to = 0;
  text(rule, shown);
}
static void type(const char *keys) { write(master, keys, strlen(keys)); }
/** What a program reads. */
static void in(const char *rule) {
  static char shown[8192 * 4];
  struct pollfd fd = {.fd = slave, .events = POLLIN};
  int length = poll(&fd, 1, 100) == 1 ? read(slave, buffer, sizeof buffer) : -2;
  char *to = shown;
  for (int i = 0; i < length; i++) to += sprintf(to, buffer[i] < 32 || buffer[i] == 127 ? "\\%02x" : "%c", (unsigned char)buffer[i]);
  *to = 0;
  printf("%s: %d '%s'\n", rule, length, shown);
  fflush(stdout);
}
static void flags(int set, int clear) {
  struct termios now;
  tcgetattr(slave, &now);
  now.c_lflag = (now.c_lflag | set) & ~clear;
  tcsetattr(slave, TCSANOW, &now);
}
static volatile int caught;
static void handler(int signal) { caught = signal; }

int main(void) {
  struct termios term;
  struct winsize size = {24, 80, 0, 0};
  int status, number;

  family("settings");
  show("openpty", openpty(&master, &slave, NULL, NULL, NULL));
  show("isatty of the slave", isatty(slave));
  show("  of the master", isatty(master));
  int pipes[2];
  pipe(pipes);
  show("  of a pipe: ENOTTY", isatty(pipes[0]) ? 1 : -1);
  tcgetattr(slave, &term);
  show("c_iflag", term.c_iflag);
  show("c_oflag", term.c_oflag);
  show("c_lflag", term.c_lflag);
  show("VINTR", term.c_cc[VINTR]);
  show("VEOF", term.c_cc[VEOF]);
  show("VMIN", term.c_cc[VMIN]);
  show("TIOCSWINSZ", ioctl(slave, TIOCSWINSZ, &size));
  memset(&size, 0, sizeof size);
  ioctl(master, TIOCGWINSZ, &size);
  show("  seen by the master: rows", size.ws_row);
  show("  columns", size.ws_col);
  show("an ioctl that is none: ENOTTY", ioctl(slave, 0x1234, 0));
  show("TIOCGPTN", ioctl(master, TIOCGPTN, &number));
  show("  of the slave: ENOTTY", ioctl(slave, TIOCGPTN, &number));

  family("canonical input");
  type("hello\n");
  out("the echo");
  in("a line");
  type("abc");
  out("echo before the line ends");
  in("  nothing to read yet");
  type("\x7f\x7f");
  out("erase: back over each");
  type("Z\n");
  in("  what is left");
  out("  echo");
  type("some words\x17" "x\n");
  out("word erase");
  in("  the line");
  type("all of it\x15new\n");
  out("kill");
  in("  the line");
  type("one\ntwo\n");
  in("a line at a time");
  in("  then the other");
  out("  echo");
  type("long line\n");
  show("a short read", read(slave, buffer, 4));
  in("  then the rest");
  out("  echo");
  type("\x04");
  show("end of file: 0", read(slave, buffer, 10));
  type("half\x04");
  in("EOF after text: the text");
  out("  echo");
  type("\x16\x03\n");
  in("VLNEXT takes the next as it is");
  out("  echo");
  type("a\tb\x7f\x7f\n");
  out("a tab is erased as wide as it was");
  in("  the line");
  type("\x01\x1b\n");
  out("ECHOCTL");
  in("  control characters");
  type("cr\r");
  in("ICRNL");
  out("  echo");
  flags(0, ECHO);
  type("secret\n");
  out("without ECHO: nothing");
  in("  the line");
  flags(ECHONL, ECHO);
  type("x\n");
  out("ECHONL: the newline alone");
  in("  the line");
  flags(ECHO, ECHONL);
  ioctl(slave, FIONREAD, &number);
  show("FIONREAD", number);
  type("abcd\n");
  usleep(20000);
  ioctl(slave, FIONREAD, &number);
  show("  of a line", number);
  show("tcflush", tcflush(slave, TCIFLUSH));
  in("  it is gone");
  out("  the echo is not");

  family("raw input");
  tcgetattr(slave, &term);
  struct termios raw = term;
  cfmakeraw(&raw);
  tcsetattr(slave, TCSANOW, &raw);
  type("x");
  in("a character at a time");
  out("  no echo");
  type("\x03\x04\r");
  in("no character is special");
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &raw);
  show("MIN 0, TIME 0: 0 at once", read(slave, buffer, 10));
  raw.c_cc[VTIME] = 1;
  tcsetattr(slave, TCSANOW, &raw);
  show("MIN 0, TIME 1: 0 after a tenth", read(slave, buffer, 10));
  raw.c_cc[VMIN] = 3;
  raw.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &raw);
  type("ab");
  struct pollfd fd = {.fd = slave, .events = POLLIN};
  show("MIN 3: two are not ready", poll(&fd, 1, 50));
  type("c");
  show("  three are", poll(&fd, 1, 100));
  in("  read");
  write(slave, "a\nb", 3);
  out("output as it is");
  tcsetattr(slave, TCSANOW, &term);

  family("output");
  write(slave, "a\nb\n", 4);
  out("ONLCR");
  term.c_oflag |= OCRNL;
  tcsetattr(slave, TCSANOW, &term);
  write(slave, "x\r", 2);
  out("OCRNL");
  term.c_oflag &= ~OCRNL;
  term.c_oflag |= TABDLY;
  tcsetattr(slave, TCSANOW, &term);
  write(slave, "\rab\tc\n", 6);
  out("XTABS: spaces");
  term.c_oflag &= ~TABDLY;
  tcsetattr(slave, TCSANOW, &term);
  type("\x13");
  usleep(20000);
  fcntl(slave, F_SETFL, O_NONBLOCK);
  show("Ctrl-S stops the output: EAGAIN", write(slave, "held", 4));
  type("\x11");
  usleep(20000);
  show("  Ctrl-Q lets it go", write(slave, "held", 4));
  fcntl(slave, F_SETFL, 0);
  out("  it came");

  family("jobs");
  show("tcgetpgrp of no controlling terminal: ENOTTY", tcgetpgrp(slave));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setsid();
    show("TIOCSCTTY", ioctl(slave, TIOCSCTTY, 0));
    show("  tcgetsid", tcgetsid(slave) == getpid());
    show("  the foreground is its group", tcgetpgrp(slave) == getpid());
    int tty = open("/dev/tty", O_RDWR);
    show("/dev/tty", tty >= 0);
    signal(SIGINT, handler);
    signal(SIGQUIT, handler);
    signal(SIGTSTP, handler);
    signal(SIGWINCH, handler);
    type("\x03");
    usleep(20000);
    show("Ctrl-C: SIGINT", caught);
    out("  echo");
    type("\x1c");
    usleep(20000);
    show("Ctrl-\\: SIGQUIT", caught);
    out("  echo");
    type("\x1a");
    usleep(20000);
    show("Ctrl-Z: SIGTSTP", caught);
    out("  echo");
    size.ws_row = 50;
    ioctl(master, TIOCSWINSZ, &size);
    show("a new size: SIGWINCH", caught);
    type("lost\x03");
    usleep(20000);
    out("an interrupt");
    in("  flushes what was typed");
    pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      signal(SIGTTIN, SIG_DFL);
      read(slave, buffer, 1);
      _exit(0);
    }
    setpgid(job, job);
    waitpid(job, &status, WUNTRACED);
    show("a job in the background that reads: SIGTTIN", WSTOPSIG(status));
    show("tcsetpgrp", tcsetpgrp(slave, job));
    kill(-job, SIGCONT);
    type("for the job\n");
    waitpid(job, &status, 0);
    show("  in the foreground it reads", WEXITSTATUS(status));
    signal(SIGTTOU, SIG_IGN);
    show("tcsetpgrp from the background, SIGTTOU ignored", tcsetpgrp(slave, getpid()));
    show("tcsetpgrp of nobody: ESRCH", tcsetpgrp(slave, 999999));
    tcflush(slave, TCIFLUSH);
    job = fork();
    if (job == 0) {
      setpgid(0, 0);
      signal(SIGTTOU, SIG_DFL);
      tcgetattr(slave, &term);
      tcsetattr(slave, TCSANOW, &term);
      _exit(0);
    }
    setpgid(job, job);
    waitpid(job, &status, WUNTRACED);
    show("a job in the background that changes it: SIGTTOU", WSTOPSIG(status));
    kill(job, SIGKILL);
    waitpid(job, &status, 0);
    job = fork();
    if (job == 0) {
      setpgid(0, 0);
      write(slave, "bg", 2);
      _exit(4);
    }
    waitpid(job, &status, WUNTRACED);
    show("writing from the background is allowed", WEXITSTATUS(status));
    fflush(stdout);
    signal(SIGHUP, SIG_DFL);
    close(master);
    pause();
    _exit(0);
  }
  close(master);
  waitpid(child, &status, 0);
  show("the master is closed: SIGHUP to the session's leader", WIFSIGNALED(status) ? WTERMSIG(status) : -2);
  show("read of a slave without a master: 0", read(slave, buffer, 1));
  show("write: EIO", write(slave, "x", 1));
  show("ioctl: EIO", ioctl(slave, TIOCGWINSZ, &size));
  openpty(&master, &slave, NULL, NULL, NULL);
  write(slave, "last", 4);
  close(slave);
  show("the slave is closed: what it wrote can be read", read(master, buffer, 10));
  show("  then EIO", read(master, buffer, 10));
  return 0;
}

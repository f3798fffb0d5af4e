// Linux's system calls for i386, by int 0x80, and the structs that they take. Source: arch/x86/entry/syscalls/syscall_32.tbl, uapi headers.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  SYS_exit_group = 252, SYS_fork = 2, SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_close = 6, SYS_link = 9, SYS_unlink = 10,
  SYS_execve = 11, SYS_chdir = 12, SYS_mknod = 14, SYS_chmod = 15, SYS_lseek = 19, SYS_getpid = 20, SYS_mount = 21, SYS_pause = 29,
  SYS_access = 33, SYS_kill = 37, SYS_rename = 38, SYS_mkdir = 39, SYS_rmdir = 40, SYS_dup = 41, SYS_pipe = 42, SYS_brk = 45,
  SYS_umount2 = 52, SYS_ioctl = 54, SYS_setpgid = 57, SYS_umask = 60, SYS_chroot = 61, SYS_dup2 = 63, SYS_getppid = 64,
  SYS_sethostname = 74, SYS_symlink = 83, SYS_readlink = 85, SYS_wait4 = 114, SYS_uname = 122, SYS_nanosleep = 162,
  SYS_rt_sigaction = 174, SYS_rt_sigprocmask = 175, SYS_getcwd = 183, SYS_stat64 = 195, SYS_lstat64 = 196, SYS_fstat64 = 197,
  SYS_getuid32 = 199, SYS_getgid32 = 200, SYS_geteuid32 = 201, SYS_getegid32 = 202, SYS_getgroups32 = 205, SYS_chown32 = 212,
  SYS_getdents64 = 220, SYS_fcntl64 = 221, SYS_sched_getaffinity = 242, SYS_clock_gettime = 265, SYS_unshare = 310,
  SYS_utimensat = 320, SYS_setns = 346, SYS_socket = 359, SYS_bind = 361, SYS_connect = 362, SYS_listen = 363, SYS_accept4 = 364,
  SYS_setsockopt = 366, SYS_poll = 168, SYS_shutdown = 373,
};

static inline long syscall5(long number, long a, long b, long c, long d, long e) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
  return result;
}
#define SYSCALL_(number, a, b, c, d, e, ...) syscall5(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
/** A system call with up to five arguments: its result, or a negated errno. */
#define call(name, ...) SYSCALL_(SYS_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0)

enum { EPERM = 1, ENOENT = 2, EINTR = 4, ECHILD = 10, EACCES = 13, EEXIST = 17, ENOTDIR = 20, EISDIR = 21, ENOEXEC = 8 };
enum { O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_TRUNC = 01000, O_APPEND = 02000, O_DIRECTORY = 0200000, O_CLOEXEC = 02000000 };
enum { S_IFMT = 0170000, S_IFSOCK = 0140000, S_IFLNK = 0120000, S_IFREG = 0100000, S_IFBLK = 060000, S_IFDIR = 040000, S_IFCHR = 020000, S_IFIFO = 010000 };
enum { SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGKILL = 9, SIGTERM = 15, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22 };
enum { WNOHANG = 1, WUNTRACED = 2 };
enum { TCGETS = 0x5401, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410 };
enum { AT_FDCWD = -100 };
enum {
  CLONE_NEWNS = 0x20000, CLONE_NEWCGROUP = 0x2000000, CLONE_NEWUTS = 0x4000000, CLONE_NEWIPC = 0x8000000, CLONE_NEWUSER = 0x10000000,
  CLONE_NEWPID = 0x20000000, CLONE_NEWNET = 0x40000000,
};
enum { MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_REMOUNT = 32, MS_BIND = 4096, MS_MOVE = 8192, MS_REC = 16384, MS_PRIVATE = 1 << 18, MS_SHARED = 1 << 20 };

struct timespec { long seconds, nanoseconds; };
struct status {
  uint64_t device;
  uint32_t pad0, short_inode, mode, links, uid, gid;
  uint64_t special;
  uint32_t pad1;
  int64_t size;
  uint32_t block_size;
  uint64_t blocks;
  struct timespec accessed, modified, changed;
  uint64_t inode;
};
struct entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};
struct names { char system[65], node[65], release[65], version[65], machine[65], domain[65]; };
struct action { void *handler; unsigned long flags; void *restorer; uint64_t mask; };
enum { SA_SIGINFO = 4, SA_RESTORER = 0x4000000 };
struct address_in { uint16_t family, port; uint32_t address; char zero[8]; };
enum { AF_UNIX = 1, AF_INET = 2, SOCK_STREAM = 1, SOCK_DGRAM = 2, IPPROTO_ICMP = 1, SOL_SOCKET = 1, SO_REUSEADDR = 2 };

/** Returns from a signal's handler; in start.S. */
void signal_return(void);

// Readiness: poll, epoll, eventfd. Linux uapi/asm-generic/poll.h, linux/eventpoll.h.

export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;
export const POLLRDNORM = 0x40;
export const POLLRDBAND = 0x80;
export const POLLWRNORM = 0x100;
export const POLLWRBAND = 0x200;
export const POLLMSG = 0x400;
export const POLLRDHUP = 0x2000;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLET = 0x80000000;
export const EPOLLONESHOT = 0x40000000;
export const EPOLLWAKEUP = 0x20000000;
export const EPOLLEXCLUSIVE = 0x10000000;
export const EPOLL_CLOEXEC = 0x80000;

export const EFD_SEMAPHORE = 1;
export const EFD_NONBLOCK = 0x800;
export const EFD_CLOEXEC = 0x80000;
export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2;
export const TFD_NONBLOCK = 0x800;
export const TFD_CLOEXEC = 0x80000;
export const SFD_NONBLOCK = 0x800;
export const SFD_CLOEXEC = 0x80000;

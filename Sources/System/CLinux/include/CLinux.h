/* What Swift's Glibc module does not import: function-like macros, _GNU_SOURCE calls and newer socket options. */
#ifndef CLINUX_H
#define CLINUX_H
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/file.h>
#include <sys/un.h>

/* Local port range of one socket, low in the low half (Linux 6.3; include/uapi/linux/in.h). */
#define CLINUX_IP_LOCAL_PORT_RANGE 51

int clinux_accept4(int descriptor, int flags);
int clinux_setns(int descriptor, int kind);
/* Drops every capability of the calling thread but those in `keep` (bit n = capability n), and, as far as it may, those that programs run
   by it could have. 0 or -errno. */
int clinux_keep_capabilities(uint64_t keep);
/* Names the calling thread, at most 15 characters. 0 or -errno. */
/* Gives memory that was freed back to the kernel: a load of many farms leaves much of it behind. */
void clinux_trim_memory(void);
/* Bytes of heap that are free but not given back. */
size_t clinux_idle_memory(void);
/* One heap for all threads: what one frees another can use. To be called before there are threads. */
void clinux_share_one_heap(void);
/* Raises the soft limit of descriptors to the hard one. */
void clinux_raise_descriptor_limit(void);
int clinux_name_thread(const char *name);

/* A pipe: what is read first, and does not block. 0 or -errno. */
int clinux_pipe(int ends[2]);

/* What becomes of a child between fork and exec. */
struct clinux_program {
    const char *path;
    char *const *arguments;
    char *const *environment;
    uid_t user;
    gid_t group;
    /* Becomes standard output and error. */
    int output;
};
/* First byte of the three that the child writes to `output` when it cannot run the program: this, the step that failed, the errno. */
#define CLINUX_PROGRAM_FAILED 0
enum { CLINUX_STEP_SETUP = 1, CLINUX_STEP_USER = 2, CLINUX_STEP_EXEC = 3 };
/* Runs a program as that user, in a session and process group of its own, without our descriptors, capabilities and signal mask. Does not
   wait for the exec. The pid, and in `pidfd` a descriptor that becomes readable when the program ends; or -errno. */
pid_t clinux_run(const struct clinux_program *program, int *pidfd);
/* How a child ended, which stays to be reaped: 1 and in `code` its exit code, or minus the signal; 0 while it runs; -errno. */
int clinux_peek_end(int pidfd, int *code);
/* Reaps a child that has ended. 0 or -errno. */
int clinux_reap(int pidfd);
#endif

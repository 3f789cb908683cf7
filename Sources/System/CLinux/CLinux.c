#include "CLinux.h"
#include <errno.h>
#include <linux/capability.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_accept4(int descriptor, int flags) { return accept4(descriptor, 0, 0, flags); }

int clinux_setns(int descriptor, int kind) { return setns(descriptor, kind); }

int clinux_keep_capabilities(uint64_t keep) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capget, &header, sets) != 0) return -errno;
    for (int word = 0; word < 2; word++) {
        uint32_t mask = (uint32_t)(keep >> (32 * word));
        sets[word].permitted &= mask;
        sets[word].effective = sets[word].permitted;
        sets[word].inheritable = 0;
    }
    return syscall(SYS_capset, &header, sets) == 0 ? 0 : -errno;
}

int clinux_name_thread(const char *name) { return prctl(PR_SET_NAME, name) == 0 ? 0 : -errno; }

void clinux_trim_memory(void) { malloc_trim(0); }

size_t clinux_idle_memory(void) { return mallinfo2().fordblks; }

void clinux_share_one_heap(void) { mallopt(M_ARENA_MAX, 1); }

void clinux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

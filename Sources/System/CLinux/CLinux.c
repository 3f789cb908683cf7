#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_accept4(int descriptor, int flags) { return accept4(descriptor, 0, 0, flags); }

int clinux_setns(int descriptor, int kind) { return setns(descriptor, kind); }

int clinux_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

int clinux_keep_capabilities(uint64_t keep) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0, 0, 0}, {0, 0, 0}};
    /* A program of uid 0 has on exec whatever the bounding set has left. First, as it takes CAP_SETPCAP; where that is lacking, whoever took
       it has set the bounds. */
    for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        if (number > 63 || !(keep >> number & 1)) prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
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

/* Everything in the child has to be a system call of its own: other threads held locks when it was copied, and glibc's setresuid would
   wait for threads that are not there. */
static void fail_child(int output, char step) {
    char report[3] = {CLINUX_PROGRAM_FAILED, step, (char)errno};
    if (write(output, report, sizeof report) < 0) _exit(126);
    _exit(127);
}

static void become(const struct clinux_program *program, int output) {
    if (syscall(SYS_geteuid) == program->user && syscall(SYS_getegid) == program->group) return;
    gid_t group = program->group;
    if (syscall(SYS_setgroups, 1, &group) != 0) fail_child(output, CLINUX_STEP_USER);
    if (syscall(SYS_setresgid, group, group, group) != 0) fail_child(output, CLINUX_STEP_USER);
    if (syscall(SYS_setresuid, program->user, program->user, program->user) != 0) fail_child(output, CLINUX_STEP_USER);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static void run_child(const struct clinux_program *program) {
    struct rlimit files;
    sigset_t none;
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    syscall(SYS_setsid);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, 0) < 0 || dup2(program->output, 1) < 0 || dup2(program->output, 2) < 0)
        fail_child(program->output, CLINUX_STEP_SETUP);
    /* Stays open for our report, and closes when the program begins. */
    int report = fcntl(1, F_DUPFD_CLOEXEC, 3);
    if (report < 0 || dup3(report, 3, O_CLOEXEC) < 0) report = report == 3 ? 3 : 1;
    else report = 3;
    if (syscall(SYS_close_range, 4, ~0U, 0) != 0) fail_child(report, CLINUX_STEP_SETUP);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > 1024) {
        files.rlim_cur = 1024;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (chdir("/") != 0) fail_child(report, CLINUX_STEP_SETUP);
    become(program, report);
    execve(program->path, program->arguments, program->environment);
    fail_child(report, CLINUX_STEP_EXEC);
}

pid_t clinux_run(const struct clinux_program *program, int *pidfd) {
    struct clone_args arguments = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)pidfd, .exit_signal = SIGCHLD};
    /* Not vfork: exec from a file system that hangs would hang the thread that calls. */
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        run_child(program);
        _exit(127);
    }
    return pid < 0 ? -errno : (pid_t)pid;
}

int clinux_peek_end(int pidfd, int *code) {
    siginfo_t end = {0};
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &end, WEXITED | WNOHANG | WNOWAIT) != 0) return -errno;
    if (end.si_pid == 0) return 0;
    *code = end.si_code == CLD_EXITED ? end.si_status : -end.si_status;
    return 1;
}

int clinux_reap(int pidfd) { return waitid((idtype_t)P_PIDFD, (id_t)pidfd, 0, WEXITED | WNOHANG) == 0 ? 0 : -errno; }

#include "platform.h"

#include <stdlib.h>

typedef struct {
  void (*run)(void *);
  void *argument;
} Start;

#ifdef _WIN32

#include <process.h>

static unsigned __stdcall thread_main(void *data) {
  Start start = *(Start *)data;
  free(data);
  start.run(start.argument);
  return 0;
}

bool thread_start(Thread *thread, void (*run)(void *), void *argument) {
  Start *start = malloc(sizeof *start);
  if (!start) return false;
  start->run = run;
  start->argument = argument;
  *thread = (HANDLE)_beginthreadex(NULL, 0, thread_main, start, 0, NULL);
  if (!*thread) free(start);
  return *thread != NULL;
}

void thread_join(Thread *thread) {
  WaitForSingleObject(*thread, INFINITE);
  CloseHandle(*thread);
}

void thread_hurry(void) { SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL); }
void thread_sleep(unsigned milliseconds) { Sleep(milliseconds); }
void mutex_init(Mutex *mutex) { InitializeCriticalSection(mutex); }
void mutex_destroy(Mutex *mutex) { DeleteCriticalSection(mutex); }
void mutex_lock(Mutex *mutex) { EnterCriticalSection(mutex); }
void mutex_unlock(Mutex *mutex) { LeaveCriticalSection(mutex); }
void condition_init(Condition *condition) { InitializeConditionVariable(condition); }
void condition_destroy(Condition *condition) { (void)condition; }
void condition_wait(Condition *condition, Mutex *mutex) { SleepConditionVariableCS(condition, mutex, INFINITE); }
void condition_signal(Condition *condition) { WakeConditionVariable(condition); }

uint64_t monotonic_ns(void) {
  LARGE_INTEGER frequency, now;
  QueryPerformanceFrequency(&frequency);
  QueryPerformanceCounter(&now);
  uint64_t ticks = (uint64_t)now.QuadPart, rate = (uint64_t)frequency.QuadPart;
  return ticks / rate * 1000000000u + ticks % rate * 1000000000u / rate;
}

bool waker_open(Waker *waker) {
  waker->event = CreateEvent(NULL, TRUE, FALSE, NULL);
  return waker->event != NULL;
}

void waker_close(Waker *waker) { CloseHandle(waker->event); }
void waker_wake(Waker *waker) { SetEvent(waker->event); }
void waker_clear(Waker *waker) { ResetEvent(waker->event); }

#else

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#define HURRIED_NICENESS (-10)
#endif

static void *thread_main(void *data) {
  Start start = *(Start *)data;
  free(data);
  start.run(start.argument);
  return NULL;
}

bool thread_start(Thread *thread, void (*run)(void *), void *argument) {
  Start *start = malloc(sizeof *start);
  if (!start) return false;
  start->run = run;
  start->argument = argument;
  /* Signals belong to the program's own threads. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(thread, NULL, thread_main, start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed) free(start);
  return !failed;
}

void thread_hurry(void) {
#ifdef __linux__
  /* Linux keeps a niceness for each thread; refused without the right to it, and then nothing changes. */
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), HURRIED_NICENESS);
#endif
}

void thread_join(Thread *thread) { pthread_join(*thread, NULL); }

void thread_sleep(unsigned milliseconds) {
  struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };
  nanosleep(&time, NULL);
}

void mutex_init(Mutex *mutex) { pthread_mutex_init(mutex, NULL); }
void mutex_destroy(Mutex *mutex) { pthread_mutex_destroy(mutex); }
void mutex_lock(Mutex *mutex) { pthread_mutex_lock(mutex); }
void mutex_unlock(Mutex *mutex) { pthread_mutex_unlock(mutex); }
void condition_init(Condition *condition) { pthread_cond_init(condition, NULL); }
void condition_destroy(Condition *condition) { pthread_cond_destroy(condition); }
void condition_wait(Condition *condition, Mutex *mutex) { pthread_cond_wait(condition, mutex); }
void condition_signal(Condition *condition) { pthread_cond_signal(condition); }

uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool waker_open(Waker *waker) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  for (int i = 0; i < 2; i++) {
    fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    fcntl(ends[i], F_SETFL, O_NONBLOCK);
  }
  waker->read_fd = ends[0];
  waker->write_fd = ends[1];
  return true;
}

void waker_close(Waker *waker) {
  close(waker->read_fd);
  close(waker->write_fd);
}

void waker_wake(Waker *waker) {
  ssize_t written = write(waker->write_fd, "", 1);
  (void)written; /* A full pipe wakes just as well. */
}

void waker_clear(Waker *waker) {
  char sink[64];
  while (read(waker->read_fd, sink, sizeof sink) > 0) continue;
}

#endif

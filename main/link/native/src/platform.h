#ifndef TCPLAB_PLATFORM_H
#define TCPLAB_PLATFORM_H

/* The few things that POSIX and Windows spell differently: atomics on shared memory, threads, locks, clock, wake-up. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <intrin.h>
typedef HANDLE Thread;
typedef CRITICAL_SECTION Mutex;
typedef CONDITION_VARIABLE Condition;
#else
#include <pthread.h>
typedef pthread_t Thread;
typedef pthread_mutex_t Mutex;
typedef pthread_cond_t Condition;
#endif

#ifdef _MSC_VER
static inline uint32_t load_acquire(const volatile uint32_t *at) { uint32_t v = *at; _ReadWriteBarrier(); MemoryBarrier(); return v; }
static inline void store_release(volatile uint32_t *at, uint32_t value) { MemoryBarrier(); *at = value; }
static inline uint32_t exchange(volatile uint32_t *at, uint32_t value) { return (uint32_t)_InterlockedExchange((volatile long *)at, (long)value); }
static inline void fence(void) { MemoryBarrier(); }
static inline uint64_t counter_read(const volatile uint64_t *at) { return (uint64_t)_InterlockedOr64((volatile __int64 *)at, 0); }
static inline void counter_add(volatile uint64_t *at, uint64_t more) { _InterlockedExchangeAdd64((volatile __int64 *)at, (__int64)more); }
#else
static inline uint32_t load_acquire(const volatile uint32_t *at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
static inline void store_release(volatile uint32_t *at, uint32_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }
static inline uint32_t exchange(volatile uint32_t *at, uint32_t value) { return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST); }
static inline void fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline uint64_t counter_read(const volatile uint64_t *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }
/* One writer for each counter, so load and store need not be one step. */
static inline void counter_add(volatile uint64_t *at, uint64_t more) { __atomic_store_n(at, __atomic_load_n(at, __ATOMIC_RELAXED) + more, __ATOMIC_RELAXED); }
#endif

bool thread_start(Thread *thread, void (*run)(void *), void *argument);
void thread_join(Thread *thread);
/* Asks that the calling thread be run before others, where the user may ask. */
void thread_hurry(void);
void thread_sleep(unsigned milliseconds);
void mutex_init(Mutex *mutex);
void mutex_destroy(Mutex *mutex);
void mutex_lock(Mutex *mutex);
void mutex_unlock(Mutex *mutex);
void condition_init(Condition *condition);
void condition_destroy(Condition *condition);
void condition_wait(Condition *condition, Mutex *mutex);
void condition_signal(Condition *condition);
uint64_t monotonic_ns(void);

/* Interrupts a waiting capture thread from another thread. */
typedef struct {
#ifdef _WIN32
  HANDLE event;
#else
  int read_fd;
  int write_fd;
#endif
} Waker;

bool waker_open(Waker *waker);
void waker_close(Waker *waker);
void waker_wake(Waker *waker);
void waker_clear(Waker *waker);

#endif

/* A histogram of times in ns, exact to 1/32: 32 buckets for each power of two. */
#ifndef LATENCIES_H
#define LATENCIES_H
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { STEPS = 32, BUCKETS = 64 * STEPS };

struct latencies {
    uint64_t counts[BUCKETS], total, longest_ns;
};

static inline uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static inline void clear_latencies(struct latencies *l) { memset(l, 0, sizeof *l); }

static inline void add_latency(struct latencies *l, uint64_t ns)
{
    int shift = ns < 2 * STEPS ? 0 : 58 - __builtin_clzll(ns);
    uint64_t bucket = (uint64_t)shift * STEPS + (ns >> shift);
    l->counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    l->total++;
    if (ns > l->longest_ns)
        l->longest_ns = ns;
}

/* Returns the time that this share (0 … 1) of all does not exceed. */
static inline uint64_t find_percentile(const struct latencies *l, double share)
{
    uint64_t seen = 0, wanted = (uint64_t)(share * l->total + 0.5);
    for (uint64_t bucket = 0; bucket < BUCKETS; bucket++) {
        seen += l->counts[bucket];
        if (seen < wanted || seen == 0)
            continue;
        if (bucket < 2 * STEPS)
            return bucket;
        uint64_t shift = bucket / STEPS - 1, high = ((bucket - shift * STEPS) + 1) << shift;
        return high < l->longest_ns ? high : l->longest_ns;
    }
    return l->longest_ns;
}
#endif

/* The generator: a Markov chain of payment statuses, bills as a persistent share of the limit,
 * payments as a share of the bill before, and a label by logistic regression on all of them. */
#include "core/data/sample.h"

#include "core/base/alloc.h"
#include "core/base/random.h"
#include "core/data/columns.h"
#include "core/data/number.h"
#include "core/data/sample_tables.h"

#include <stdlib.h>
#include <string.h>

enum { MONTHS = 6, STATUS_MIN = -2, STATUS_COUNT = 11, GROUP_INACTIVE = 5 };
enum { QUANTILES_STEP = 64, UTILISATION_POINTS = 65, PAYMENT_POINTS = 17 };

/* Shares in 1/2^32. */
static const uint32_t INACTIVE_SHARE =
    98500000; /* with those whose bills happen to be 0: 795 of 30,000 */
static const uint32_t NEWLY_IDLE_SHARE = 2674211321; /* PAY_0 = 1 among them: 495 of 795 */
static const uint32_t COPY_SHARE = 1431656; /* 10 of 30,000 repeat the features of a row before */

static const char header[] =
    "\"ID\",\"LIMIT_BAL\",\"SEX\",\"EDUCATION\",\"MARRIAGE\",\"AGE\",\"PAY_0\",\"PAY_2\",\"PAY_3\","
    "\"PAY_4\",\"PAY_5\",\"PAY_6\",\"BILL_AMT1\",\"BILL_AMT2\",\"BILL_AMT3\",\"BILL_AMT4\","
    "\"BILL_AMT5\",\"BILL_AMT6\",\"PAY_AMT1\",\"PAY_AMT2\",\"PAY_AMT3\",\"PAY_AMT4\",\"PAY_AMT5\","
    "\"PAY_AMT6\",\"default.payment.next.month\"\n";

struct sample {
    struct sample_options options;
    uint64_t next; /* from 1 */
    uint64_t mask;
    struct writer writer;
};

/* One customer; month 0 is the latest, as in the file. */
struct customer {
    int64_t limit;
    double limit_rank; /* among customers of its group; mean 0, deviation 1 */
    int64_t sex;
    int64_t education;
    int64_t marriage;
    int64_t age;
    int64_t status[MONTHS];
    int64_t bill[MONTHS];
    int64_t paid[MONTHS];
    bool is_inactive;
};

static bool chance(struct random *random, uint32_t share)
{
    return (uint32_t)(random_next(random) >> 32) < share;
}

/* An index by cumulative shares in 1/65536. */
static size_t draw(struct random *random, const uint32_t *cumulative)
{
    uint32_t u = (uint32_t)(random_next(random) >> 48);
    size_t i = 0;
    while (u >= cumulative[i]) {
        i++;
    }
    return i;
}

/* A value between the points of an equally spaced table; position from 0 to 1. */
static double between(const int32_t *table, size_t points, double position)
{
    double at = position * (double)(points - 1);
    size_t i = (size_t)at;
    i = i > points - 2 ? points - 2 : i;
    return table[i] + (at - (double)i) * (table[i + 1] - table[i]);
}

/* As above for the two curves, from -reach to reach, result from 0 to 1. */
static double curve(const uint16_t *table, size_t points, double reach, double x)
{
    double position = x <= -reach ? 0 : x >= reach ? 1 : (x + reach) / (2 * reach);
    double at = position * (double)(points - 1);
    size_t i = (size_t)at;
    i = i > points - 2 ? points - 2 : i;
    return (table[i] + (at - (double)i) * (table[i + 1] - table[i])) / 65535;
}

/* Close to normal: the sum of four uniforms. */
static double normal(struct random *random)
{
    uint64_t bits = random_next(random);
    uint64_t sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    return ((double)sum / 65536 - 2) * 1.7320508075688772;
}

static size_t group_of(int64_t status)
{
    return status >= 2 ? 4 : (size_t)(status + 2);
}

static void draw_statuses(struct random *random, struct customer *c)
{
    c->is_inactive = chance(random, INACTIVE_SHARE);
    if (c->is_inactive) {
        for (size_t i = 0; i < MONTHS; i++) {
            c->status[i] = -2;
        }
        c->status[0] = chance(random, NEWLY_IDLE_SHARE) ? 1 : -2;
        return;
    }
    size_t state = draw(random, pay_first);
    for (size_t i = MONTHS; i-- > 0;) {
        c->status[i] = (int64_t)state + STATUS_MIN;
        state = i > 0 ? draw(random, pay_step[i > 1][state]) : state;
    }
}

static void draw_profile(struct random *random, struct customer *c)
{
    static const int64_t age_ends[] = {25, 29, 33, 38, 45};
    size_t group = c->is_inactive ? GROUP_INACTIVE : group_of(c->status[0]);
    size_t bucket = 0;
    uint64_t rank = random_below(random, QUANTILES_STEP);
    c->limit = 1000 * (int64_t)limit_thousands[group][rank];
    c->limit_rank = ((double)rank - 31.5) / 18.47;
    c->age = ages[random_below(random, QUANTILES_STEP)];
    /* The table has only the 64 steps of the middle: now and then somebody is older. */
    c->age += chance(random, 0x00a00000) ? (int64_t)random_below(random, 20) : 0;
    c->sex = chance(random, 0x9a9a3b26) ? 2 : 1;
    c->education =
        (int64_t)draw(random, education_by_limit[(c->limit > 60000) + (c->limit > 200000)]);
    while (bucket < 5 && c->age >= age_ends[bucket]) {
        bucket++;
    }
    c->marriage = (int64_t)draw(random, marriage_by_age[bucket]);
}

/* The higher the limit, the smaller the share that is used (rank correlation -0.3). */
static void draw_bills(struct random *random, struct customer *c)
{
    static const size_t table_of_month[MONTHS] = {0, 1, 1, 2, 2, 2};
    double habit = normal(random);
    for (size_t i = MONTHS; i-- > 0;) {
        const int32_t *table = utilisation[table_of_month[i]][group_of(c->status[i])];
        double position = curve(normal_cdf, 129, 4, 0.94 * habit - 0.34 * c->limit_rank);
        double share = between(table, UTILISATION_POINTS, position) / 100000;
        c->bill[i] = c->is_inactive ? 0 : (int64_t)(share * (double)c->limit);
        habit = 0.97 * habit + 0.243 * normal(random); /* bills of a customer stay alike */
    }
}

static int64_t draw_payment(struct random *random, size_t group, int64_t bill)
{
    size_t size = (size_t)(bill >= 2000) + (bill >= 10000) + (bill >= 40000);
    const uint32_t *shares = payment_zero_whole[group][size];
    uint32_t u = (uint32_t)(random_next(random) >> 48);
    double position = random_unit(random);
    if (bill <= 0) {
        return (int64_t)between(payment_free, PAYMENT_POINTS, position);
    }
    if (u < shares[1]) {
        return u < shares[0] ? 0 : bill;
    }
    double ratio = between(payment_ratio[group][size], PAYMENT_POINTS, position) / 10000;
    int64_t amount = (int64_t)(ratio * (double)bill);
    /* Half of the customers round up. */
    return amount > 1000 && (u & 1) != 0 ? (amount + 999) / 1000 * 1000 : amount;
}

static void draw_payments(struct random *random, struct customer *c)
{
    for (size_t i = 0; i < MONTHS; i++) {
        int64_t before = c->bill[i + 1 < MONTHS ? i + 1 : i];
        int64_t amount = draw_payment(random, group_of(c->status[i]), before);
        c->paid[i] = c->is_inactive ? 0 : amount;
    }
}

/* About log2(x + 1): the exponent and the linear rest. */
static double rough_log2(int64_t x)
{
    uint64_t value = (uint64_t)x + 1;
    unsigned exponent = 63u - (unsigned)__builtin_clzll(value);
    return exponent + (double)value / (double)(UINT64_C(1) << exponent) - 1;
}

/* Log-odds of a default: a regression on the UCI set, its weaker terms strengthened so that a model
 * trained on the sample is as good as one trained on the real rows. */
static double log_odds(const struct customer *c)
{
    static const double by_status[] = {0.178, 0.525, 0, 0.716, 2.13, 1.82}; /* -2 .. 2, above */
    static const double by_late_months[] = {0, 0.86, 1.2, 1.36, 1.58};
    double utilised = (double)c->bill[0] / (double)c->limit;
    size_t late = 0;
    for (size_t i = 2; i < MONTHS; i++) {
        late += c->status[i] >= 2;
    }
    utilised = utilised < 0 ? 0 : utilised > 1.2 ? 1.2 : utilised;
    double odds = by_status[c->status[0] > 3 ? 5 : c->status[0] + 2] + by_late_months[late] - 0.62;
    odds += c->status[1] >= 2 ? 0.06 : 0;
    odds += c->is_inactive ? 0.75 : 0;
    odds -= 0.201 * rough_log2(c->limit / 1000);
    odds -= 0.042 * rough_log2(c->paid[0]) + 0.019 * rough_log2(c->paid[1]) +
            0.026 * rough_log2(c->paid[2]);
    odds += 0.593 * utilised + 0.0051 * (double)c->age;
    odds += c->sex == 1 ? 0.175 : 0;
    odds += c->marriage == 1 ? 0.235 : 0;
    odds -= c->education > 3 || c->education == 0 ? 1.48 : 0;
    return odds;
}

/* As R writes a number: 1e+05 for 100000. */
static char *put_number(char *out, int64_t value)
{
    if (value >= 100000 && value <= 900000 && value % 100000 == 0) {
        static const char exponent[4] = {'e', '+', '0', '5'};
        *out++ = (char)('0' + value / 100000);
        memcpy(out, exponent, sizeof(exponent));
        return out + sizeof(exponent);
    }
    return number_write(out, value);
}

static char *put_months(char *out, const int64_t *values)
{
    for (size_t i = 0; i < MONTHS; i++) {
        *out++ = ',';
        out = put_number(out, values[i]);
    }
    return out;
}

static char *put_customer(char *out, uint64_t id, const struct customer *c, bool is_default)
{
    const int64_t profile[] = {c->limit, c->sex, c->education, c->marriage, c->age};
    out = number_write_u64(out, id);
    for (size_t i = 0; i < sizeof(profile) / sizeof(profile[0]); i++) {
        *out++ = ',';
        out = put_number(out, profile[i]);
    }
    out = put_months(out, c->status);
    out = put_months(out, c->bill);
    out = put_months(out, c->paid);
    *out++ = ',';
    *out++ = is_default ? '1' : '0';
    *out++ = '\n';
    return out;
}

static struct random random_of_row(const struct sample *sample, uint64_t row, uint64_t purpose)
{
    return (struct random){random_mix(sample->mask ^ random_mix(2 * row + purpose))};
}

static void put_row(struct sample *sample, uint64_t row)
{
    struct customer customer;
    struct random own = random_of_row(sample, row, 0);
    uint64_t origin = row;
    if (row > 1 && chance(&own, COPY_SHARE)) {
        origin = row - 1 - random_below(&own, row - 1 < 1000 ? row - 1 : 1000);
    }
    struct random random = random_of_row(sample, origin, 1);
    draw_statuses(&random, &customer);
    draw_profile(&random, &customer);
    draw_bills(&random, &customer);
    draw_payments(&random, &customer);
    bool is_default = random_unit(&own) < curve(logistic, 97, 6, log_odds(&customer));
    char *out = writer_room(&sample->writer, WRITER_ROOM_MAX);
    writer_advance(&sample->writer, put_customer(out, row, &customer, is_default));
}

struct sample *sample_new(const struct sample_options *options, struct sink sink)
{
    struct sample *sample = xcalloc(1, sizeof(*sample));
    sample->options = *options;
    sample->next = 1;
    sample->mask = random_mix(options->seed + 0x9e3779b97f4a7c15u);
    writer_init(&sample->writer, sink);
    writer_put(&sample->writer, (struct str){header, sizeof(header) - 1});
    return sample;
}

void sample_free(struct sample *sample)
{
    if (sample != NULL) {
        writer_done(&sample->writer);
        free(sample);
    }
}

bool sample_run(struct sample *sample, uint64_t max_rows, struct error *err)
{
    for (uint64_t i = 0; i < max_rows && !sample_is_done(sample); i++) {
        put_row(sample, sample->next++);
    }
    return sample_is_done(sample) ? writer_flush(&sample->writer, err)
                                  : writer_check(&sample->writer, err);
}

bool sample_is_done(const struct sample *sample)
{
    return sample->next > sample->options.rows;
}

uint64_t sample_bytes(const struct sample *sample)
{
    return writer_total(&sample->writer);
}

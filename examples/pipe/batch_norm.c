/* Batch normalization in C, as a program that `normspec check pipe:./batch_norm` can ask. docs/protocol.md tells how.
 *
 *     cc -O2 -o batch_norm batch_norm.c -lm
 *
 * First comes what is specific to the pipe: reading JSON, reading and writing arrays. The layer follows it.
 */
#define _POSIX_C_SOURCE 200809L /* getline, open_memstream */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON: a value is a pointer to its first character in the line ---- */

static const char *past_space(const char *p) { return p + strspn(p, " \t\r\n"); }

static const char *past_string(const char *p) {
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1]) p++;
    return *p ? p + 1 : p;
}

/* Return the end of the value at p. */
static const char *past(const char *p) {
    int depth = 0;
    do {
        p = past_space(p);
        if (*p == '"') p = past_string(p);
        else if (*p == '{' || *p == '[') depth++, p++;
        else if (*p == '}' || *p == ']') depth--, p++;
        else if (*p == ',' || *p == ':') p++;
        else p += strcspn(p, ",:]} \t\r\n");
    } while (*p && depth > 0);
    return p;
}

/* Return the value of a name in the object at p, or NULL. Names that nobody asks for are ignored. */
static const char *field(const char *p, const char *name) {
    size_t length = strlen(name);
    if (!p || *p != '{') return NULL;
    for (p = past_space(p + 1); *p == '"'; p = past_space(p)) {
        const char *key = p + 1, *value = past_space(past_string(p));
        value = past_space(*value == ':' ? value + 1 : value);
        if (!strncmp(key, name, length) && key[length] == '"') return value;
        p = past_space(past(value));
        if (*p == ',') p++;
    }
    return NULL;
}

/* Return the first element of the array at p, or the one after the element at p; NULL after the last. */
static const char *first(const char *p) {
    p = p && *p == '[' ? past_space(p + 1) : "]";
    return *p == ']' ? NULL : p;
}
static const char *next(const char *p) {
    p = past_space(past(p));
    return *p == ',' ? past_space(p + 1) : NULL;
}

static int is(const char *p, const char *text) {
    size_t length = strlen(text);
    return p && *p == '"' && !strncmp(p + 1, text, length) && p[length + 1] == '"';
}

/* ---- arrays: {"dtype", "shape", "hex"}, elements in C order, little-endian ---- */

typedef struct { size_t rank, shape[16], size; double *data; } Array; /* data is NULL for what is absent */

static FILE *out; /* what is said in answer to the question at hand */

static struct Room { struct Room *before; double data[]; } *rooms;

static void *room(size_t count, size_t width) { /* freed after the answer */
    struct Room *new = calloc(1, sizeof *new + count * width);
    if (!new) { fputs("out of memory\n", stderr); exit(1); }
    new->before = rooms, rooms = new;
    return new->data;
}
static double *numbers(size_t count) { return room(count, sizeof(double)); }

static unsigned nibble(char c) { return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10); }

static Array array(const char *p) {
    Array a = {0, {0}, 1, NULL};
    const char *hex = field(p, "hex"), *n = first(field(p, "shape"));
    if (!hex) return a;
    for (; n && a.rank < 16; n = next(n)) a.size *= a.shape[a.rank++] = strtoull(n, NULL, 10);
    size_t width = is(field(p, "dtype"), "float32") ? 4 : 8;
    a.data = numbers(a.size);
    for (size_t i = 0; i < a.size; i++) {
        unsigned long long bits = 0;
        for (size_t b = 0; b < width; b++) {
            const char *two = hex + 1 + 2 * (i * width + b);
            bits |= (unsigned long long)(nibble(two[0]) << 4 | nibble(two[1])) << 8 * b;
        }
        if (width == 4) { unsigned low = (unsigned)bits; float value; memcpy(&value, &low, 4); a.data[i] = value; }
        else memcpy(&a.data[i], &bits, 8);
    }
    return a;
}

static void put(const char *comma, const char *name, Array a, size_t width) { /* "name": array, rounded to the width */
    fprintf(out, "%s\"%s\":{\"dtype\":\"float%d\",\"shape\":[", comma, name, (int)(8 * width));
    for (size_t r = 0; r < a.rank; r++) fprintf(out, r ? ",%zu" : "%zu", a.shape[r]);
    fputs("],\"hex\":\"", out);
    for (size_t i = 0; i < a.size; i++) {
        unsigned long long bits = 0;
        if (width == 4) { float value = (float)a.data[i]; unsigned low; memcpy(&low, &value, 4); bits = low; }
        else memcpy(&bits, &a.data[i], 8);
        for (size_t b = 0; b < width; b++) fprintf(out, "%02x", (unsigned)(bits >> 8 * b & 255));
    }
    fputs("\"}", out);
}

/* ---- the layer: everything in double ---- */

typedef struct { double sum, lost; } Sum; /* compensated: Neumaier (1974) */

static void add(Sum *s, double v) {
    double t = s->sum + v;
    s->lost += fabs(s->sum) >= fabs(v) ? (s->sum - t) + v : (v - t) + s->sum;
    s->sum = t;
}
static double value(Sum s) { return s.sum + s.lost; }

typedef struct { Array x; int training; double *mean, *rstd; } Saved; /* what the backward of a forward needs */

typedef struct { double epsilon, momentum; Array gamma, beta, running_mean, running_var; } Layer;

/* Element k of channel c: x has shape (N, C, inner...). */
static size_t channels(Array x) { return x.shape[1]; }
static size_t members(Array x) { return channels(x) ? x.size / channels(x) : 0; }
static size_t at(Array x, size_t c, size_t k) {
    size_t inner = members(x) / x.shape[0];
    return (k / inner * channels(x) + c) * inner + k % inner;
}

/* Return mean and biased variance of channel c times scale: two passes. */
static void statistics(Array x, size_t c, double scale, double *mean, double *variance) {
    Sum s = {0, 0}, squares = {0, 0};
    size_t m = members(x);
    for (size_t k = 0; k < m; k++) add(&s, x.data[at(x, c, k)] * scale);
    *mean = value(s) / (double)m;
    for (size_t k = 0; k < m; k++) {
        double deviation = x.data[at(x, c, k)] * scale - *mean;
        add(&squares, deviation * deviation);
    }
    *variance = value(squares) / (double)m;
}

static const char *objection(Layer *layer, Array x, int training) {
    size_t c = channels(x);
    if (x.rank < 2) return "x must have rank 2 or more";
    if (!(layer->epsilon >= 0)) return "epsilon must not be negative";
    if ((layer->gamma.data && layer->gamma.size != c) || (layer->beta.data && layer->beta.size != c))
        return "gamma and beta must have one element for each channel";
    if (training && x.size && members(x) == 1) return "training needs more than one element in each channel";
    if (!training && !layer->running_mean.data) return "inference needs running statistics";
    return NULL;
}

static void forward(Layer *layer, Saved *saved, Array y, size_t width) {
    Array x = saved->x;
    size_t m = members(x);
    for (size_t c = 0; m && c < channels(x); c++) {
        double mean, variance, scale = 1, largest = 0;
        for (size_t k = 0; k < m; k++) largest = fmax(largest, fabs(x.data[at(x, c, k)]));
        if (saved->training && largest > 0x1p+500) scale = 0x1p-600; /* else squares would overflow */
        if (saved->training) statistics(x, c, scale, &mean, &variance);
        else mean = layer->running_mean.data[c], variance = layer->running_var.data[c];
        double rstd = scale / sqrt(variance + layer->epsilon * scale * scale);
        mean /= scale, variance = variance / scale / scale;
        saved->mean[c] = mean, saved->rstd[c] = rstd;
        for (size_t k = 0; k < m; k++) {
            size_t i = at(x, c, k);
            double xhat = (x.data[i] * scale - mean * scale) * (rstd / scale);
            y.data[i] = (layer->gamma.data ? layer->gamma.data[c] : 1) * xhat + (layer->beta.data ? layer->beta.data[c] : 0);
        }
        if (saved->training && layer->running_mean.data) {
            double *mu = &layer->running_mean.data[c], *var = &layer->running_var.data[c], w = layer->momentum;
            *mu = (1 - w) * *mu + w * mean;
            *var = (1 - w) * *var + w * (variance * ((double)m / (double)(m - 1)));
            if (width == 4) *mu = (float)*mu, *var = (float)*var; /* they are kept in the format of x */
        }
    }
}

static void backward(Layer *layer, Saved *saved, Array dy, Array dx, Array dgamma, Array dbeta) {
    Array x = saved->x;
    size_t m = members(x);
    for (size_t c = 0; m && c < channels(x); c++) {
        Sum plain = {0, 0}, weighted = {0, 0};
        double mean = saved->mean[c], rstd = saved->rstd[c], gamma = layer->gamma.data ? layer->gamma.data[c] : 1;
        for (size_t k = 0; k < m; k++) {
            size_t i = at(x, c, k);
            add(&plain, dy.data[i]);
            add(&weighted, dy.data[i] * ((x.data[i] - mean) * rstd));
        }
        dbeta.data[c] = value(plain), dgamma.data[c] = value(weighted);
        double a = saved->training ? value(plain) / (double)m : 0, b = saved->training ? value(weighted) / (double)m : 0;
        for (size_t k = 0; k < m; k++) {
            size_t i = at(x, c, k);
            dx.data[i] = gamma * rstd * (dy.data[i] - a - (x.data[i] - mean) * rstd * b);
        }
    }
}

/* ---- the conversation ---- */

static const char HELLO[] =
    "{\"protocol\":\"normspec-pipe-1\",\"implementations\":[{\"name\":\"c-batch-norm\",\"operation\":\"batch_norm\","
    "\"statement\":\"batch norm in C, compensated sums in double\",\"claims\":{\"dtypes\":[\"float64\",\"float32\"],"
    "\"ranks\":[2,3,4,5],\"verbs\":[\"train\",\"infer\",\"backward\"],\"gradients\":[\"dx\",\"dgamma\",\"dbeta\"],"
    "\"parameters\":[\"gamma\",\"beta\"],\"state\":[\"running_mean\",\"running_var\"],"
    "\"optional\":[\"gamma\",\"beta\",\"state\"],\"scripts\":true}}]}";

/* Say what every step of a case gives, or return why it is refused. */
static const char *steps(const char *asked, int *step) {
    const char *parameters = field(asked, "parameters"), *state = field(asked, "state"), *name, *why;
    const char *attributes = field(asked, "attributes"), *script = field(asked, "script"), *item = first(script);
    size_t width = is(field(asked, "dtype"), "float32") ? 4 : 8, count = 0;
    Layer layer = {strtod(field(attributes, "epsilon"), NULL), strtod(field(attributes, "momentum"), NULL),
                   array(field(parameters, "gamma")), array(field(parameters, "beta")),
                   array(field(state, "running_mean")), array(field(state, "running_var"))};
    for (const char *each = item; each; each = next(each)) count++;
    Saved *saved = room(count, sizeof *saved);
    for (*step = 0; item; item = next(item), ++*step) {
        fputs(*step ? ",{" : "{", out);
        if (is(field(item, "verb"), "backward")) {
            Array dy = array(field(item, "cotangent")), dx = dy, dgamma = {1, {channels(dy)}, channels(dy), NULL}, dbeta = dgamma;
            dx.data = numbers(dx.size), dgamma.data = numbers(dgamma.size), dbeta.data = numbers(dbeta.size);
            backward(&layer, &saved[strtoull(field(item, "of"), NULL, 10)], dy, dx, dgamma, dbeta);
            const char *comma = "";
            for (name = first(field(item, "wanted")); name; name = next(name), comma = ",")
                if (is(name, "dx")) put(comma, "dx", dx, width);
                else if (is(name, "dgamma")) put(comma, "dgamma", dgamma, width);
                else put(comma, "dbeta", dbeta, width);
        } else {
            Array x = array(field(item, "x")), y = x;
            if ((why = objection(&layer, x, is(field(item, "verb"), "train")))) return why;
            saved[*step] = (Saved){x, is(field(item, "verb"), "train"), numbers(channels(x)), numbers(channels(x))};
            y.data = numbers(y.size);
            forward(&layer, &saved[*step], y, width);
            put("", "y", y, width);
            if (state && layer.running_mean.data)
                put(",", "running_mean", layer.running_mean, width), put(",", "running_var", layer.running_var, width);
        }
        fputs("}", out);
    }
    return NULL;
}

int main(void) {
    char *line = NULL, *said = NULL;
    size_t room_for = 0, length = 0;
    while (getline(&line, &room_for, stdin) > 0) {
        if (is(field(line, "ask"), "hello")) puts(HELLO);
        else {
            const char *id = field(line, "id");
            int step, id_length = (int)(past(id) - id);
            out = open_memstream(&said, &length);
            const char *why = steps(field(line, "case"), &step);
            fclose(out);
            if (why) printf("{\"id\":%.*s,\"refused\":{\"step\":%d,\"message\":\"%s\"}}\n", id_length, id, step, why);
            else printf("{\"id\":%.*s,\"returned\":[%s]}\n", id_length, id, said);
            free(said);
        }
        fflush(stdout); /* or the other side waits for ever */
        for (struct Room *before; rooms; rooms = before) before = rooms->before, free(rooms);
    }
    return 0;
}

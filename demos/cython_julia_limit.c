/* The loop of cython_julia.pyx in C; and one that counts for 32 points at once. */

static int c_stay(double x, double y)
{
    int n = 0;
    for (; n < 1000 && x * x + y * y < 16; n++) {
        double real = x * x - y * y + 0.322;
        y = 2 * x * y + 0.05;
        x = real;
    }
    return n;
}

static void c_loop(int *counts, int size, int threads)
{
    int row;
    #pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (row = 0; row < size; row++)
        for (int column = 0; column < size; column++)
            counts[row * size + column] = c_stay(-1.5 + 3.0 * column / size, -1.5 + 3.0 * row / size);
}

/* Compiled for several processors; the program takes what fits the one that it runs on. */
#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static void stay_32(const double *x0, double y0, int *counts)
{
    double x[32], y[32];
    long long n[32], staying = 1; /* as wide as a double, so that both fit the same instructions */
    for (int i = 0; i < 32; i++)
        x[i] = x0[i], y[i] = y0, n[i] = 0;
    for (int step = 0; step < 1000 && staying; step++) {
        staying = 0;
        for (int i = 0; i < 32; i++) { /* who has left goes on, and never comes back */
            double xx = x[i] * x[i], yy = y[i] * y[i];
            long long stays = xx + yy < 16;
            y[i] = 2 * x[i] * y[i] + 0.05;
            x[i] = xx - yy + 0.322;
            n[i] += stays;
            staying += stays;
        }
    }
    for (int i = 0; i < 32; i++)
        counts[i] = (int)n[i];
}

static void c_blocks(int *counts, int size, int threads)
{
    int row;
    #pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (row = 0; row < size; row++)
        for (int first = 0; first < size; first += 32) {
            double x[32];
            int found[32];
            for (int i = 0; i < 32; i++)
                x[i] = -1.5 + 3.0 * (first + i) / size;
            stay_32(x, -1.5 + 3.0 * row / size, found);
            for (int i = 0; i < 32 && first + i < size; i++)
                counts[row * size + first + i] = found[i];
        }
}

static double c_sum(const double *numbers, Py_ssize_t length, int threads)
{
    double total = 0;
    Py_ssize_t i;
    #pragma omp parallel for reduction(+:total) num_threads(threads)
    for (i = 0; i < length; i++)
        total += numbers[i];
    return total;
}

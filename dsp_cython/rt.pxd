# Names of rt.h for cimport.
from libc.stdint cimport int64_t, uint32_t, uint64_t


cdef extern from "rt.h" nogil:
    uint32_t rd_load32 "rd_load"(const uint32_t *)
    uint64_t rd_load64 "rd_load"(const uint64_t *)
    int64_t rd_loadi "rd_load"(const int64_t *)
    void rd_store32 "rd_store"(uint32_t *, uint32_t)
    void rd_store64 "rd_store"(uint64_t *, uint64_t)
    void rd_storei "rd_store"(int64_t *, int64_t)
    double rd_load_double(const double *)
    void rd_store_double(double *, double)
    uint64_t rd_flush_denormals()
    void rd_restore_denormals(uint64_t before)
    void rd_convolve(const float *, const float *, const float *, const float *, float, int, float *, float *)
    float rd_peak_between(const float *, const float *, int, int)

/* The limit: a message from rank 0 to rank 1 and back, so many times, by MPI's C library itself. */
#include <mpi.h>

void buffer_in_C(MPI_Fint handle, char *sent, char *received, int size, int times)
{
    MPI_Comm comm = MPI_Comm_f2c(handle);
    int rank;
    MPI_Comm_rank(comm, &rank);
    for (int i = 0; i < times; i++)
        if (rank == 0) {
            MPI_Send(sent, size, MPI_BYTE, 1, 0, comm);
            MPI_Recv(received, size, MPI_BYTE, 1, 0, comm, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(received, size, MPI_BYTE, 0, 0, comm, MPI_STATUS_IGNORE);
            MPI_Send(received, size, MPI_BYTE, 0, 0, comm);
        }
}

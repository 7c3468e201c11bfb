using System.Globalization;

namespace AdaLora.Mpi;

/// <summary>What the launcher (mpirun, mpiexec, srun) has told this process through its environment.</summary>
/// <param name="Name">Whose launcher it is, for messages.</param>
/// <param name="Size">How many processes it started.</param>
/// <param name="Rank">Which of them this is.</param>
/// <param name="LocalRank">Which of those on this machine; null if it does not say.</param>
/// <param name="LocalSize">How many are on this machine; null if it does not say.</param>
internal sealed record Launcher(string Name, int Size, int Rank, int? LocalRank, int? LocalSize)
{
    public const string OpenMpi = "Open MPI", Mpich = "MPICH or Intel MPI";

    // Slurm's own variables are there in programs that were not started by srun, too; it sets those of PMI or PMIx for MPI.
    private static readonly (string Name, string Size, string Rank, string LocalRank, string LocalSize)[] Known =
    [
        (OpenMpi, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"),
        (Mpich, "PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
    ];

    /// <summary>The launcher that started this process; null if none did.</summary>
    public static Launcher? Find() => Find(Environment.GetEnvironmentVariable);

    /// <param name="variable">The value of a variable of the environment, or null.</param>
    public static Launcher? Find(Func<string, string?> variable)
    {
        foreach (var (name, size, rank, localRank, localSize) in Known)
        {
            if (Number(size) is { } processes && Number(rank) is { } own)
                return new Launcher(name, processes, own, Number(localRank), Number(localSize));
        }

        return null;

        int? Number(string key) => int.TryParse(variable(key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}

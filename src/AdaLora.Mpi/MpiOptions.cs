namespace AdaLora.Mpi;

/// <summary>How a process joins the others.</summary>
public sealed class MpiOptions
{
    /// <summary>
    /// The MPI library, by path or name; null for that of the environment variable ADALORA_MPI_LIBRARY or, without it, for the one that belongs to the launcher that started this process.
    /// </summary>
    public string? Library { get; init; }

    /// <summary>
    /// Threads that libtorch computes on, at least 1; null for the processors that this process may use, divided by the processes on this machine. They must be set: under some launchers
    /// libtorch would start with one.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>After how much waiting for the others a process names those that are missing, on standard error, and again after as much; positive. 10 minutes by default.</summary>
    public TimeSpan ReportWaitingAfter { get; init; } = TimeSpan.FromMinutes(10);

    internal void Validate()
    {
        if (Threads is not (null or >= 1))
            throw new ArgumentException($"{nameof(Threads)} is {Threads}; it must be at least 1, or null.");
        if (Library is not null && string.IsNullOrWhiteSpace(Library))
            throw new ArgumentException($"{nameof(Library)} is empty; give a path or a name, or null.");
        if (ReportWaitingAfter <= TimeSpan.Zero)
            throw new ArgumentException($"{nameof(ReportWaitingAfter)} is {ReportWaitingAfter}; it must be positive.");
    }
}

namespace AdaLora.Experiments.Programs;

/// <summary>What the process returns to the shell.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int BadInput = 2;

    /// <summary>128 + SIGINT, as shells report it.</summary>
    public const int Cancelled = 130;

    /// <summary>128 + SIGTERM.</summary>
    public const int Terminated = 143;
}

namespace AdaLora.Processes;

/// <summary>Groups of processes that come with this package.</summary>
public static class ProcessGroup
{
    /// <summary>This process alone: every member does nothing.</summary>
    public static IProcessGroup Single { get; } = new SingleProcess();
}

namespace AdaLora.GpuCheck;

/// <summary>All checks, cheap and important ones first: what may not fit in the time is at the end.</summary>
internal static class Checks
{
    public static IReadOnlyList<ICheck> All { get; } =
    [
        new VersionsCheck(),
        GoldensCheck.Core(),
        GoldensCheck.Models(),
        new LowPrecisionCheck(),
        new SteadyStepsCheck(),
        new ResumeCheck(),
        new OperationsCheck(),
        new KernelsCheck(),
        new NcclCheck(),
        new TimesCheck("bert-base"),
        new MemoryCheck(),
        new PrecisionCheck(),
        new DemoCheck(),
        new TimesCheck("deberta-v3-base"),
    ];
}

namespace AdaLora.GpuCheck;

/// <summary>What to check, and where.</summary>
/// <param name="Device">"cpu" or "cuda".</param>
/// <param name="Items">Names of the checks to make, in the program's own order.</param>
/// <param name="IsQuick">Whether shapes and trainings are tiny: a rehearsal of the program, not a measurement.</param>
/// <param name="Output">The folder for the results.</param>
/// <param name="Seconds">After this time, nothing new is started, and what is running is ended.</param>
/// <param name="Python">The interpreter that has PyTorch and PEFT.</param>
internal sealed record CheckOptions(string Device, IReadOnlyList<string> Items, bool IsQuick, string Output, double Seconds, string Python)
{
    public bool IsOnCard => Device == "cuda";

    /// <summary>The command line of a process of this program that makes some of the checks.</summary>
    public IEnumerable<string> ArgumentsOf(IEnumerable<string> items, double seconds, string resultsFile) =>
    [
        "--device", Device, "--items", string.Join(',', items), "--output", Output, "--python", Python,
        "--seconds", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), "--worker", resultsFile, .. IsQuick ? (string[])["--quick"] : [],
    ];
}

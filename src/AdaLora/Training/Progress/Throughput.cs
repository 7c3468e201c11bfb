namespace AdaLora.Training.Progress;

/// <summary>How fast a training is, as a part of its log. Who trains without saying how large batches are has no such figures.</summary>
internal readonly record struct Throughput(double SamplesPerSecond, double TokensPerSecond)
{
    public override string ToString() => Part(SamplesPerSecond, "F1", "samples") + Part(TokensPerSecond, "F0", "tokens");

    private static string Part(double rate, string format, string unit) =>
        rate > 0 ? $", {rate.ToString(format, System.Globalization.CultureInfo.InvariantCulture)} {unit}/s" : "";
}

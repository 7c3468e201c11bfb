namespace AdaLora.Training.Progress;

/// <summary>The speed of a training, for its log. Without batch sizes there are no such figures.</summary>
internal readonly record struct Throughput(double SamplesPerSecond, double TokensPerSecond)
{
    public override string ToString() => Part(SamplesPerSecond, "F1", "samples") + Part(TokensPerSecond, "F0", "tokens");

    private static string Part(double rate, string format, string unit) =>
        rate > 0 ? $", {rate.ToString(format, System.Globalization.CultureInfo.InvariantCulture)} {unit}/s" : "";
}

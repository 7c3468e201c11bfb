using System.Globalization;
using System.Numerics;

namespace AdaLora.Experiments.Settings;

/// <summary>Bounds of numbers.</summary>
internal static class Bound
{
    public static Bound<T> AtLeast<T>(T least)
        where T : struct, INumber<T> => new($"at least {least}", value => value >= least);

    public static Bound<double> Above(double least) => new(string.Create(CultureInfo.InvariantCulture, $"above {least}"), value => value > least);

    /// <summary>The chance of something that must not be certain.</summary>
    public static Bound<double> BelowOne { get; } = new("at least 0 and below 1", value => value is >= 0 and < 1);
}

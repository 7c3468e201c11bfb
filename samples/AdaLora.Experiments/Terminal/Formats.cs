using System.Globalization;

namespace AdaLora.Experiments.Terminal;

/// <summary>How numbers look on the console, the same in every culture.</summary>
internal static class Formats
{
    public static string Metric(double? value) => value is { } number ? number.ToString("0.000", CultureInfo.InvariantCulture) : "undefined";

    /// <summary>Whole numbers with thousands separated.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Three significant digits, such as 0.0213 or 9.1e-05; whole numbers from a thousand on.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        > 0 and < 0.001 => value.ToString("0.##e-00", CultureInfo.InvariantCulture),
        _ => value.ToString("G3", CultureInfo.InvariantCulture),
    };

    /// <summary>A loss with enough digits to watch it change.</summary>
    public static string Loss(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>Minutes and seconds, with hours if there are any.</summary>
    public static string Duration(TimeSpan time) =>
        time.ToString(time.TotalHours >= 1 ? @"h\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture);
}

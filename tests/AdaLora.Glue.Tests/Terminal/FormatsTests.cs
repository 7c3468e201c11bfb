using AdaLora.Experiments.Terminal;
using Xunit;

namespace AdaLora.Glue.Tests.Terminal;

public sealed class FormatsTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.0213, "0.0213")]
    [InlineData(0.001, "0.001")]
    [InlineData(0.0009571, "9.57e-04")]
    [InlineData(5e-5, "5e-05")]
    [InlineData(450.25, "450")]
    [InlineData(12345.6, "12,346")]
    public void Numbers_keep_three_digits(double value, string text) => Assert.Equal(text, Formats.Number(value));

    [Theory]
    [InlineData(5, "0:05")]
    [InlineData(642, "10:42")]
    [InlineData(3661, "1:01:01")]
    public void Durations_have_hours_only_when_there_are_any(int seconds, string text) => Assert.Equal(text, Formats.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Undefined_metrics_are_no_number() => Assert.Equal(("0.249", "undefined"), (Formats.Metric(0.2489), Formats.Metric(null)));
}

using AdaLora.Targeting;
using CsCheck;
using Xunit;

namespace AdaLora.Tests.Targeting;

public sealed class NearestNamesTests
{
    private static readonly string[] Names = ["layer.0.query", "layer.0.key", "layer.0.value", "layer.0.output.dense", "layer.1.query"];

    [Theory]
    [InlineData("qurey", "query")]
    [InlineData("VALUE", "value")]
    [InlineData("ouptut.dense", "output.dense")]
    [InlineData("gate_proj", "")]
    public void Typos_find_what_was_meant(string pattern, string expected) =>
        Assert.Equal(expected, string.Join(",", NearestNames.To(pattern, Names, 3)));

    [Fact]
    public void Nearest_comes_first_and_the_count_is_kept() => Assert.Equal(["ab", "abc"], NearestNames.To("ab", ["x.abcd", "x.abc", "x.ab"], 2));

    [Fact]
    public void Distance_is_a_metric() => Gen.Select(Gen.Char["abc"].Array[0, 6], Gen.Char["abc"].Array[0, 6], Gen.Char["abc"].Array[0, 6])
        .Select(t => (x: new string(t.Item1), y: new string(t.Item2), z: new string(t.Item3)))
        .Sample((x, y, z) =>
        {
            Assert.Equal(x == y, NearestNames.Distance(x, y) == 0);
            Assert.Equal(NearestNames.Distance(x, y), NearestNames.Distance(y, x));
            Assert.True(NearestNames.Distance(x, z) <= NearestNames.Distance(x, y) + NearestNames.Distance(y, z));
            Assert.InRange(NearestNames.Distance(x, y), Math.Abs(x.Length - y.Length), Math.Max(x.Length, y.Length));
        });
}

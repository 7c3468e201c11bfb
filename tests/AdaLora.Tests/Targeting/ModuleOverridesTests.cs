using AdaLora.Targeting;
using Xunit;

namespace AdaLora.Tests.Targeting;

public sealed class ModuleOverridesTests
{
    private static readonly ModuleOverrides Rules = ModuleOverrides.None
        .With("query", initialRank: 8, alpha: 16)
        .With("layer.*.query", initialRank: 4)
        .With("layer.1.query", alpha: 32)
        .With(TargetModules.Regex("layer.[23].query"), initialRank: 0);

    [Theory]
    [InlineData("query", 8, 16.0)]
    [InlineData("layer.0.query", 4, 16.0)]
    [InlineData("layer.1.query", 4, 32.0)]
    [InlineData("layer.2.query", 0, 16.0)]
    [InlineData("layer.0.key", null, null)]
    public void The_last_rule_that_gives_a_value_wins(string name, int? rank, double? alpha) =>
        Assert.Equal(new ModuleOverride { InitialRank = rank, Alpha = alpha }, Rules.Resolve(name));

    [Fact]
    public void Adding_a_rule_leaves_the_list_it_is_added_to_alone()
    {
        _ = Rules.With("layer.0.query", initialRank: 99);
        Assert.Equal(4, Rules.Count);
        Assert.Equal(4, Rules.Resolve("layer.0.query").InitialRank);
    }

    [Fact]
    public void Rules_that_no_module_uses_are_told() =>
        Assert.Equal(["suffix 'layer.1.query'", "regex 'layer.[23].query'"], Rules.Unused(["layer.0.query", "layer.0.key"]));

    [Fact]
    public void Rules_are_told_in_words()
    {
        Assert.Equal("none", ModuleOverrides.None.ToString());
        Assert.Equal("suffix 'query': rank 4; glob 'a.*': rank 2, alpha 0.5", ModuleOverrides.None.With("query", initialRank: 4).With("a.*", initialRank: 2, alpha: 0.5).ToString());
        Assert.Equal("suffix 'query': at least 2, at most 4", ModuleOverrides.None.With("query", minimumRank: 2, maximumRank: 4).ToString());
    }

    [Fact]
    public void Nonsense_is_refused_at_once()
    {
        _ = Assert.Throws<ArgumentException>(() => ModuleOverrides.None.With("query"));
        _ = Assert.Throws<ArgumentException>(() => ModuleOverrides.None.With("", initialRank: 4));
        _ = Assert.Throws<ArgumentException>(() => ModuleOverrides.None.With("a.***", initialRank: 4));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => ModuleOverrides.None.With("query", initialRank: -1));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => ModuleOverrides.None.With("query", alpha: 0));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => ModuleOverrides.None.With("query", alpha: double.NaN));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => ModuleOverrides.None.With("query", alpha: double.PositiveInfinity));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => ModuleOverrides.None.With("query", minimumRank: -1));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => ModuleOverrides.None.With("query", maximumRank: 0));
        var crossed = Assert.Throws<ArgumentException>(() => ModuleOverrides.None.With("query", minimumRank: 3, maximumRank: 2));
        Assert.Contains("at least 3 and at most 2 triplets", crossed.Message, StringComparison.Ordinal);
        _ = Assert.Throws<ArgumentNullException>(() => ModuleOverrides.None.With((TargetModules)null!, initialRank: 1));
    }
}

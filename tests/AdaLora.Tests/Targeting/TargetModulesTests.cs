using System.Diagnostics;
using System.Text.RegularExpressions;
using AdaLora.Targeting;
using CsCheck;
using Xunit;

namespace AdaLora.Tests.Targeting;

public sealed class TargetModulesTests
{
    private const string Query = "encoder.layer.0.attention.query";

    [Theory]
    [InlineData("query", Query, true)]
    [InlineData("query", "query", true)]
    [InlineData("query", "encoder.subquery", false)]
    [InlineData("query", "query.dense", false)]
    [InlineData("query", "Query", false)]
    [InlineData("output.dense", "layer.1.attention.output.dense", true)]
    [InlineData("output.dense", "output.dense", true)]
    [InlineData("output.dense", "layer.1.intermediate.dense", false)]
    [InlineData("output.dense", "layer.1.xoutput.dense", false)]
    [InlineData("<Fc>k__BackingField", "head.<Fc>k__BackingField", true)]
    public void A_suffix_is_the_name_or_its_last_segments(string suffix, string name, bool expected) =>
        Assert.Equal(expected, TargetModules.Suffixes("other", suffix).Matches(name));

    [Theory]
    [InlineData("encoder.layer.*.attention.**", Query, true)]
    [InlineData("encoder.layer.*.attention.**", "encoder.layer.0.attention.output.dense", true)]
    [InlineData("encoder.layer.*.attention.**", "encoder.layer.0.1.attention.query", false)]
    [InlineData("encoder.layer.*.attention.**", "encoder.layer.0.attention", false)]
    [InlineData("encoder.layer.*.attention.**", "bert.encoder.layer.0.attention.query", false)]
    [InlineData("encoder.layer.?.attention.query", Query, true)]
    [InlineData("encoder.layer.?.attention.query", "encoder.layer.10.attention.query", false)]
    [InlineData("encoder?layer.0.attention.query", Query, false)]
    [InlineData("layer.1*.query", "layer.10.query", true)]
    [InlineData("layer.1*.query", "layer.1.query", true)]
    [InlineData("layer.1*.query", "layer.1.2.query", false)]
    [InlineData("**.query", Query, true)]
    [InlineData("**.query", "query", true)]
    [InlineData("**.query", "subquery", false)]
    [InlineData("encoder.**.query", Query, true)]
    [InlineData("encoder.**.query", "encoder.query", true)]
    [InlineData("**", Query, true)]
    [InlineData("a+b.(c)", "a+b.(c)", true)]
    [InlineData("a+b.(c)", "aab.c", false)]
    [InlineData("query", Query, false)]
    public void A_glob_matches_the_whole_name(string glob, string name, bool expected) =>
        Assert.Equal(expected, TargetModules.Globs("none", glob).Matches(name));

    [Theory]
    [InlineData("query|encoder.*query", Query, true)]
    [InlineData("que|query", "query", true)]
    [InlineData("query", Query, false)]
    [InlineData("encoder", Query, false)]
    [InlineData(@".*\.(query|value)", Query, true)]
    [InlineData("query$", "query\n", false)]
    public void A_regular_expression_matches_the_whole_name(string pattern, string name, bool expected) =>
        Assert.Equal(expected, TargetModules.Regex(pattern).Matches(name));

    [Fact]
    public void A_regular_expression_that_never_ends_is_stopped()
    {
        var targets = TargetModules.Regex("(a+)+b");
        var watch = Stopwatch.StartNew();
        _ = Assert.Throws<RegexMatchTimeoutException>(() => targets.Matches(new string('a', 60)));
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void All_linear_takes_every_name() => Assert.True(TargetModules.AllLinear.Matches(Query));

    [Fact]
    public void Exclusion_takes_suffixes_globs_and_any_selection()
    {
        var targets = TargetModules.AllLinear.Excluding("classifier", "encoder.layer.1.**").Excluding(TargetModules.Regex("pool.*"));
        string[] names = [Query, "classifier", "head.classifier", "encoder.layer.1.query", "pooler.dense", "poo"];
        Assert.Equal([Query, "poo"], names.Where(targets.Matches));
    }

    [Theory]
    [InlineData("encoder.layer.0.query", true)]
    [InlineData("encoder.layer.1.experts.7.query", true)]
    [InlineData("encoder.layer.2.query", false)]
    [InlineData("encoder.layer.2.experts.1.query", false)]
    [InlineData("pooler.query", false)]
    [InlineData("layer0.query", false)]
    [InlineData("layer.99999999999999.query", false)]
    public void The_layer_is_the_first_segment_of_digits(string name, bool expected)
    {
        var targets = TargetModules.Suffixes("query");
        Assert.Equal(expected, targets.InLayers(0..2).Matches(name));
        Assert.Equal(expected, targets.InLayers(1, 0, 1).Matches(name));
    }

    [Fact]
    public void An_open_range_of_layers_has_no_end()
    {
        var targets = TargetModules.AllLinear.InLayers(6..);
        Assert.True(targets.Matches("layer.6.query"));
        Assert.True(targets.Matches("layer.600.query"));
        Assert.False(targets.Matches("layer.5.query"));
    }

    [Fact]
    public void Layers_restrict_only_what_they_are_applied_to()
    {
        var targets = TargetModules.Suffixes("query").InLayers(0).Or(TargetModules.Suffixes("pooler.dense"));
        Assert.Equal(["layer.0.query", "pooler.dense"], new[] { "layer.0.query", "layer.1.query", "pooler.dense", "layer.0.value" }.Where(targets.Matches));
    }

    [Fact]
    public void Combinations_are_as_strong_as_their_strongest_part()
    {
        var (name, region) = (TargetModules.Suffixes("query"), TargetModules.Globs("**"));
        Assert.Equal(NameMatch.ByName, TargetModules.AllLinear.And(name).Match(Query));
        Assert.Equal(NameMatch.ByName, region.Or(name).Match(Query));
        Assert.Equal(NameMatch.ByRegion, region.Or(name).Match("other"));
        Assert.Equal(NameMatch.ByRegion, TargetModules.AllLinear.And(region).Match("other"));
        Assert.Equal(NameMatch.ByKind, TargetModules.AllLinear.Excluding("other").Match(Query));
        Assert.Equal(NameMatch.None, region.And(name).Match("other"));
    }

    [Fact]
    public void Selections_obey_set_algebra() => Gen.Select(Gen.Char["ab.0"].Array[1, 8], Gen.Int[0, 2], Gen.Int[0, 2])
        .Select(t => (name: new string(t.Item1), t.Item2, t.Item3))
        .Sample((name, i, j) =>
        {
            TargetModules[] some = [TargetModules.Suffixes("a", "b"), TargetModules.Globs("a*.**"), TargetModules.Regex("[ab.]+")];
            var (x, y) = (some[i], some[j]);
            Assert.Equal(x.Matches(name) && y.Matches(name), x.And(y).Matches(name));
            Assert.Equal(x.Matches(name) || y.Matches(name), x.Or(y).Matches(name));
            Assert.Equal(x.Matches(name) && !y.Matches(name), x.Excluding(y).Matches(name));
        });

    public static TheoryData<Action> InvalidSelections => new(
        () => TargetModules.Suffixes(),
        () => TargetModules.Globs(),
        () => TargetModules.Suffixes(""),
        () => TargetModules.Suffixes(" "),
        () => TargetModules.Suffixes("query "),
        () => TargetModules.Suffixes("query", null!),
        () => TargetModules.Suffixes(".query"),
        () => TargetModules.Suffixes("query."),
        () => TargetModules.Suffixes("a..b"),
        () => TargetModules.Suffixes("layer.*.query"),
        () => TargetModules.Suffixes("quer?"),
        () => TargetModules.Globs(""),
        () => TargetModules.Globs("a..b"),
        () => TargetModules.Globs("a.***"),
        () => TargetModules.Globs(new string('a', 100_000)),
        () => TargetModules.Regex(""),
        () => TargetModules.Regex("(query"),
        () => TargetModules.Regex("a)|(b"),
        () => TargetModules.AllLinear.Excluding(),
        () => TargetModules.AllLinear.Excluding((TargetModules)null!),
        () => TargetModules.AllLinear.Excluding("a..b"),
        () => TargetModules.AllLinear.InLayers(),
        () => TargetModules.AllLinear.InLayers(0, -1),
        () => TargetModules.AllLinear.InLayers(2..2),
        () => TargetModules.AllLinear.InLayers(^2..),
        () => TargetModules.AllLinear.InLayers(0..^1),
        () => TargetModules.AllLinear.And(null!),
        () => TargetModules.AllLinear.Or(null!));

    [Theory]
    [MemberData(nameof(InvalidSelections), DisableDiscoveryEnumeration = true)]
    public void Nonsense_is_refused_at_once(Action create) => Assert.ThrowsAny<ArgumentException>(create);

    [Fact]
    public void A_selection_says_what_it_is() => Assert.Equal(
        "all linear layers excluding (suffix 'classifier' or glob 'a.*') in layers 0..2",
        TargetModules.AllLinear.Excluding("classifier", "a.*").InLayers(0..2).ToString());
}

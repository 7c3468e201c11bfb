using AdaLora.Allocation;
using Xunit;

namespace AdaLora.Tests.Allocation;

public sealed class RankPatternTests
{
    [Fact]
    public void A_pattern_of_what_an_earlier_one_kept_is_told_of_all_triplets()
    {
        var earlier = Pattern(("a", [true, false, true, true]), ("b", [false, false]), ("c", [true, true]));
        var later = Pattern(("a", [false, true, true]), ("b", []), ("c", [true, false]));
        var both = later.Within(earlier);
        Assert.Equal([false, false, true, true], both["a"]);
        Assert.Equal([false, false], both["b"]);
        Assert.Equal([true, false], both["c"]);
        Assert.Equal(3, both.Total);
    }

    private static RankPattern Pattern(params (string Name, bool[] Kept)[] rows) => RankPattern.From(rows.Select(r => KeyValuePair.Create(r.Name, (IReadOnlyList<bool>)r.Kept)));
}

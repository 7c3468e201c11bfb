using System.Text.RegularExpressions;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests;

public sealed partial class EventIdTests
{
    [Fact]
    public void Every_message_of_the_packages_has_an_event_id_of_its_own()
    {
        var sources = Directory.GetFiles(TestMaterial.InRepository("src"), "*.cs", SearchOption.AllDirectories).Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .Select(File.ReadAllText).ToList();
        var ids = sources.SelectMany(source => EventId().Matches(source)).Select(match => match.Groups[1].Value).ToList();

        Assert.True(ids.Count >= 15);
        Assert.Equal(ids.Distinct(), ids);
        Assert.Equal(sources.Sum(source => Attribute().Count(source)), ids.Count);
    }

    [GeneratedRegex(@"EventId = (\d+)")]
    private static partial Regex EventId();

    [GeneratedRegex(@"\[LoggerMessage\(")]
    private static partial Regex Attribute();
}

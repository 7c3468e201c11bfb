using AdaLora.Benchmarks;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class GeneratedSectionsTests
{
    private const string Text = """
        # Title

        by hand, 1

        <!-- generated: step-bert -->
        old bert
        <!-- end -->

        by hand, 2

        <!-- generated: step -->

        old step
        two lines

        <!-- end -->
        by hand, 3

        """;

    [Fact]
    public void Only_what_is_between_the_markers_of_the_section_changes() =>
        Assert.Equal(Text.Replace("old step\ntwo lines", "new", StringComparison.Ordinal), Replace(Text, "step", "new\n"));

    [Fact]
    public void Writing_again_what_is_there_changes_nothing()
    {
        var once = Replace(Replace(Text, "step-bert", "| a |\n\nb\n"), "step", "c");

        Assert.Equal(once, Replace(Replace(once, "step-bert", "| a |\n\nb\n"), "step", "c"));
    }

    [Fact]
    public void Section_that_is_not_there_is_appended_under_its_heading_and_then_replaced()
    {
        var appended = Replace(Text, "memory", "1 MB");

        Assert.Equal(Text + "\n## Heading\n\n<!-- generated: memory -->\n\n1 MB\n\n<!-- end -->\n", appended);
        Assert.Equal(appended.Replace("1 MB", "2 MB", StringComparison.Ordinal), Replace(appended, "memory", "2 MB"));
    }

    [Theory]
    [InlineData("<!-- generated: step -->\nold\n")]
    [InlineData("<!-- generated: step -->\nold\n<!-- generated: other -->\nold\n<!-- end -->\n")]
    [InlineData("<!-- generated: step -->\na\n<!-- end -->\n<!-- generated: step -->\nb\n<!-- end -->\n")]
    public void Markers_that_do_not_pair_up_are_refused_instead_of_eating_text(string text) =>
        Assert.Throws<FormatException>(() => Replace(text, "step", "new"));

    private static string Replace(string text, string name, string body) => GeneratedSections.Replace(text, name, "Heading", body);
}

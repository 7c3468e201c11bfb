using AdaLora.Benchmarks;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class BenchmarkTableTests
{
    private static readonly Timing[] Timings = [new("first", [3, 1, 2]), new("second", [4, 40, 2, 6]), new("third", [1])];

    [Fact]
    public void Median_is_the_middle_or_the_mean_of_the_two_there()
    {
        Assert.Equal([2, 5, 1], Timings.Select(timing => timing.Median));
        Assert.Throws<ArgumentException>(() => Medians.Of([]));
    }

    [Fact]
    public void Ratios_are_of_the_first_contender_unless_others_are_named()
    {
        Assert.Equal([[2, 1], [5, 2.5], [1, 0.5]], TimedRows.From(Timings).Select(row => row.Figures.Select(figure => figure.Value)));
        Assert.Equal([[2, 2, 0.4], [5, 5, 1], [1, 1, 0.2]], TimedRows.From(Timings, "third", "second").Select(row => row.Figures.Select(figure => figure.Value)));
    }

    [Fact]
    public void Markdown_leaves_cells_empty_where_a_row_lacks_a_figure() => Assert.Equal(
        """
        conditions:

        |  | median ms | of first | of third | entries |
        | --- | ---: | ---: | ---: | ---: |
        | first | 2.00 | 1.000 | 2.000 |  |
        | second | 5.00 | 2.500 | 5.000 |  |
        | third | 1.00 | 0.500 | 1.000 |  |
        | counted |  |  |  | 12,345 |

        a note

        """,
        TableMarkdown.Of([Table()]));

    [Fact]
    public void Json_names_figures_after_their_columns_and_does_not_round() => Assert.Equal(
        """[{"title":"it's","rows":[{"name":"a","median_ms":0.123456789,"of_lora_r_12":null}]}]""",
        string.Concat(TableJson.Of([new BenchmarkTable("it's", [new BenchmarkRow("a", [Figure.Milliseconds("median ms", 0.123456789), Figure.Ratio("of LoRA r 12", double.NaN)])])])
            .Split('\n').Select(line => line.Trim())).Replace("\": ", "\":", StringComparison.Ordinal));

    private static BenchmarkTable Table() =>
        new("conditions", [.. TimedRows.From(Timings, "first", "third"), new BenchmarkRow("counted", [Figure.Count("entries", 12345)])], "a note");
}

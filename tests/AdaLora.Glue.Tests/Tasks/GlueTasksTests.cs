using AdaLora.Experiments.Programs;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class GlueTasksTests
{
    public static TheoryData<string> Names() => [.. GlueTasks.All.Select(task => task.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Task_is_consistent_and_found_by_both_names(string name)
    {
        var task = GlueTasks.Find(name);

        Assert.Same(task, GlueTasks.Find(task.Folder.ToUpperInvariant()));
        Assert.Equal(task.ClassNames.Count, task.LabelSpellings.Count);
        Assert.Equal(task.IsRegression ? 1 : task.ClassNames.Count, task.LabelCount);
        Assert.Equal(task.IsRegression, task.ScoreRange.High > task.ScoreRange.Low);
        Assert.Equal(task.Metrics[0], task.PrimaryMetric);
        Assert.All(GlueLayout.NeededColumns(task, GlueSplit.Train).Where(_ => task.Columns.WithoutHeader is not null), column => Assert.Contains(column, task.Columns.WithoutHeader!));
    }

    [Fact]
    public void Names_are_unique() => Assert.Equal(GlueTasks.All.Count, GlueTasks.All.Select(task => task.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());

    [Fact]
    public void Unknown_task_lists_the_known_ones()
    {
        var error = Assert.Throws<UserInputException>(() => GlueTasks.Find("colla"));

        Assert.Contains("colla", error.Message);
        Assert.All(GlueTasks.All, task => Assert.Contains(task.Name, error.Message));
    }
}

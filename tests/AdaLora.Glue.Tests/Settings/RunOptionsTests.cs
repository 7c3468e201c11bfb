using System.CommandLine;
using System.Reflection;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests.Settings;

/// <summary>What holds for every declared option, including future ones.</summary>
public sealed class RunOptionsTests
{
    private static readonly string[] Required = ["--task", "cola", "--data", "glue", "--model", "some/model"];

    public static TheoryData<string> Names => [.. GlueTasks.Catalog.Options.Select(option => option.Name)];

    [Fact]
    public void Every_declaration_is_among_all_options_under_a_name_of_its_own()
    {
        var declared = typeof(RunOptions).GetProperties(BindingFlags.Public | BindingFlags.Static).Where(property => property.PropertyType.IsAssignableTo(typeof(RunOption)))
            .Select(property => property.GetValue(null));

        Assert.Equal(declared.ToHashSet(), RunOptions.All.ToHashSet<object?>());
        Assert.Equal(RunOptions.All.Count, RunOptions.All.DistinctBy(option => option.Key).Count());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_option_has_a_description_a_default_and_a_place_in_the_record(string name)
    {
        var option = Find(name);
        var settings = Parse();

        Assert.NotEmpty(option.CreateOption(GlueTasks.Catalog).Description!);
        Assert.Equal(option.IsRecorded, settings.Record().ContainsKey(option.Key));
        // The folder of the data is made up.
        if (option != RunOptions.Data)
            Assert.Null(option.FindProblem(settings));
    }

    [Fact]
    public void What_a_run_finds_in_its_data_is_not_handed_to_it()
    {
        var (settings, interval) = (Parse(), RunOptions.MaskInterval);

        Assert.True(settings.AwaitsData(interval));
        Assert.DoesNotContain(interval.Name, RecordedSettings.ArgumentsOf(settings));
        Assert.Contains(interval.Name, RecordedSettings.ArgumentsOf(settings.With(interval, 7)));
        Assert.Contains(interval.Name, RecordedSettings.ArgumentsOf(settings.WithSteps(670)));
        // 10 of the authors' 6,700 steps.
        Assert.Equal((10, 3, 7), (settings.Get(interval), settings.WithSteps(2010).Get(interval), settings.With(interval, 7).WithSteps(670).Get(interval)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_recorded_is_read_again(string name)
    {
        var option = Find(name);
        var given = Parse([.. GivenFor(option)]);
        var again = RecordedSettings.Read(given.Record(), GlueTasks.Catalog);

        Assert.Equal(given.Record().ToJsonString(), again.Record().ToJsonString());
        if (option.IsRecorded && !Required.Contains(name))
            Assert.NotEqual(option.Record(Parse())?.ToJsonString(), option.Record(again)?.ToJsonString());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_difference_counts_if_results_depend_on_it(string name)
    {
        var option = Find(name);
        // Reads all options that a method may omit.
        var method = GlueTasks.Catalog.Methods.First(method => !option.IsOfMethods || method.Options.Contains(option));
        var settings = Parse("--method", method.Name);
        var other = Parse([.. option == RunOptions.Method ? [] : (string[])["--method", method.Name], .. GivenFor(option)]);

        var differences = RecordedSettings.Differences(settings, other.Record()).Select(difference => difference.Split(':')[0]);

        Assert.Equal(option.ChangesResults, differences.Contains(name));
    }

    [Fact]
    public void Options_that_only_some_methods_read_are_those_that_methods_name() =>
        Assert.Equal(
            RunOptions.All.Where(option => option.IsOfMethods).Select(option => option.Name).Order(),
            TrainingMethods.All.SelectMany(method => method.Options).Select(option => option.Name).Distinct().Order());

    // A value that is neither the default nor the one above.
    private static string[] GivenFor(RunOption option) => option.Name switch
    {
        "--task" => [option.Name, "rte"],
        "--method" => [option.Name, "bitfit"],
        "--base-precision" => [option.Name, "bf16"],
        "--precision" => [option.Name, "tf32"],
        "--init" => [option.Name, "weight"],
        "--score" => [option.Name, "ratio"],
        "--budget-unit" => [option.Name, "parameters"],
        "--device" => [option.Name, "cuda:1"],
        "--warmup" or "--dropout" or "--tinit" or "--tfinal" or "--held-out" => [option.Name, "0.25"],
        _ when option is RunOption<bool> => [option.Name],
        _ when option.CreateOption(GlueTasks.Catalog).HelpName is "DIR" or "DIR|NAME" or "NAMES" => [option.Name, "other"],
        _ => [option.Name, "7"],
    };

    private static RunOption Find(string name) => GlueTasks.Catalog.Options.Single(option => option.Name == name);

    private static RunSettings Parse(params string[] arguments)
    {
        var options = new RunOptionSet(GlueTasks.Catalog);
        var command = new Command("train");
        options.AddTo(command);
        string[] required = [.. Required.Chunk(2).Where(pair => !arguments.Contains(pair[0])).SelectMany(pair => pair)];
        var line = command.Parse([.. required, .. arguments]);
        Assert.Empty(line.Errors);
        return options.Bind(line);
    }
}

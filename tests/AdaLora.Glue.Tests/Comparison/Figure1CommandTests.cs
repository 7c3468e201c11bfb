using System.Text.Json.Nodes;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Commands;
using AdaLora.Glue.Demo;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using Xunit;

namespace AdaLora.Glue.Tests.Comparison;

[Collection(Pictures.Name)]
public sealed class Figure1CommandTests : IDisposable
{
    private readonly FakeCellRunner _runner = new();
    private readonly CommandLine _line = new();

    public Figure1CommandTests() => _line.MoreCommands = [Figure1Command.Create(_runner, new ModelFolder())];

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Each_kind_of_matrix_and_each_layer_group_gets_about_the_same_parameters()
    {
        using var model = AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { NewHead = true });
        var places = AdapterPlaces.Of(BaseModel.Of(model));

        Assert.Equal(
            ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"],
            places.Matrices.Select(place => place.Name));
        Assert.Equal(["layer 0", "layer 1", "layer 2"], places.LayerGroups.Select(place => place.Name));
        Assert.Equal(16 * places.Matrices[0].ParametersPerRank, places.UsualBudget);
        // All matrices together are all layers together.
        Assert.Equal(places.Matrices.Sum(place => place.ParametersPerRank), places.LayerGroups.Sum(place => place.ParametersPerRank));
        Assert.All([.. places.Matrices, .. places.LayerGroups], place =>
            Assert.InRange(place.RankFor(places.UsualBudget) * place.ParametersPerRank, 0.8 * places.UsualBudget, 1.2 * places.UsualBudget));
    }

    [Fact]
    public void A_place_adapts_what_its_name_says()
    {
        using var model = AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { NewHead = true });
        foreach (var place in AdapterPlaces.Of(BaseModel.Of(model)).Matrices)
        {
            var adapters = AdaLoraModel.Plan(model, new AdaLoraOptions { Targets = ModelParts.TargetsOf(BaseModel.Of(model), place.Targets, place.Layers) }).Adapters;
            Assert.Equal(3, adapters.Count);
            Assert.All(adapters, adapter => Assert.Equal(place.Name, ModuleName.Parse(adapter.Name).Matrix));
        }
    }

    [Theory]
    [InlineData(false, 16.0 * 2)]
    [InlineData(true, 16.0 * 1.4142135623730951)]
    public void Both_charts_are_drawn_from_runs_of_lora_whose_scale_does_not_depend_on_the_rank(bool isStabilized, double alpha)
    {
        Assert.Equal(ExitCode.Success, _line.Run(
            ["figure1", "--task", "cola", "--data", _line.Data, "--model", DemoDefaults.EncoderFolder, "--output", _line.Output, "--seeds", "1,2", "--alpha", "16",
                .. isStabilized ? (string[])["--rank-stabilized"] : []]));

        Assert.Equal(2 * 9, _runner.Begun.Count);
        Assert.True(File.Exists(Path.Combine(_line.Output, "figure1.png")));
        var table = File.ReadAllText(Path.Combine(_line.Output, "figure1.md"));
        Assert.Contains("## cola: weights", table, StringComparison.Ordinal);
        Assert.Contains("## cola: layers", table, StringComparison.Ordinal);
        var options = JsonNode.Parse(File.ReadAllText(Path.Combine(_line.Output, "cola-attention.self.value-r16-2", "metrics.json")))!["options"]!;
        Assert.Equal("lora", options["method"]!.GetValue<string>());
        Assert.Equal("[\"**.layer.*.attention.self.value\"]", options["targets"]!.ToJsonString());
        Assert.Equal((16, alpha), (options["target_rank"]!.GetValue<int>(), options["alpha"]!.GetValue<double>()));
    }
}

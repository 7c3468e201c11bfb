using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>Rows of a table of embeddings that are trained by themselves.</summary>
public sealed class TrainedRowsTests : IDisposable
{
    private static readonly long[] Rows = [9, 2];

    private static readonly AdaLoraOptions Options = TinyTask.Options with
    {
        Targets = TargetModules.Suffixes("hidden"),
        TrainedModules = [],
        TrainedRows = new Dictionary<string, IReadOnlyList<long>> { ["words"] = Rows },
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_these_rows_are_trained_with_the_gradient_of_all_their_uses(bool tied)
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied);
        var before = Values(model.Table);
        var gradient = GradientOf(tied);
        using var adapted = AdaLoraModel.Attach(model, Options with { OrthogonalityWeight = 0, TotalSteps = 28 });
        Assert.Equal([2L, 6L], adapted.TrainableParameters[1].shape);

        model.Loss(WordModel.Texts()).backward();
        _ = adapted.BeforeOptimizerStep();

        Close(Rows.SelectMany(row => gradient[(6 * (int)row)..((6 * (int)row) + 6)]), Values(adapted.TrainableParameters[1].grad!));
        Assert.All(model.named_parameters(), p => Assert.True(p.name.Contains("lora", StringComparison.Ordinal) || p.parameter.grad is null, p.name));
        adapted.AfterOptimizerStep();

        Train(adapted, model);
        var after = Values(model.Table);
        for (var row = 0; row < WordModel.Words; row++)
            Assert.Equal(!Rows.Contains(row), before[(6 * row)..((6 * row) + 6)].SequenceEqual(after[(6 * row)..((6 * row) + 6)]));
    }

    [Fact]
    public void The_table_has_its_own_rows_while_adapters_are_off_and_after_detaching()
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: true);
        var (before, plain) = (Values(model.Table), Outputs(model));
        using var adapted = AdaLoraModel.Attach(model, Options);
        Assert.Equal(plain, Outputs(model));
        Train(adapted, model);
        var trained = Outputs(model);
        using (adapted.DisableAdapters())
            Assert.Equal(plain, Outputs(model));
        Assert.Equal(trained, Outputs(model));
        adapted.Merge();
        Close(trained, Outputs(model));
        adapted.Unmerge();

        adapted.Detach();

        Assert.Equal(before, Values(model.Table));
        Assert.Equal(plain, Outputs(model));
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.requires_grad));
    }

    [Fact]
    public void Merging_for_good_keeps_them()
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: false);
        using var adapted = AdaLoraModel.Attach(model, Options);
        Train(adapted, model);
        var (trained, table) = (Outputs(model), Values(model.Table));
        adapted.MergeAndDetach();
        Close(trained, Outputs(model));
        Assert.Equal(table, Values(model.Table));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void They_are_saved_as_peft_does_and_loaded(bool asLora)
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: true);
        using var adapted = AdaLoraModel.Attach(model, Options);
        Train(adapted, model);
        if (asLora)
            adapted.ExportLora(_folder.Path);
        else
            adapted.Save(_folder.Path);

        var config = JsonNode.Parse(File.ReadAllText(_folder.File("adapter_config.json")))!;
        Assert.Equal("""{"words":[9,2]}""", config["trainable_token_indices"]!.ToJsonString());
        using (var file = SafetensorsFile.Open(_folder.File("adapter_model.safetensors")))
            Assert.Equal([2L, 6L], file.Entries["base_model.model.words.token_adapter.trainable_tokens_delta"].Shape);
        var fresh = new WordModel(tied: true);
        using var loaded = AdaLoraModel.Load(fresh, _folder.Path);
        Close(Outputs(model), Outputs(fresh));
        Assert.Equal(Values(model.Table), Values(fresh.Table));
        loaded.Save(_folder.File("again"));
        Assert.Equal("""{"words":[9,2]}""", JsonNode.Parse(File.ReadAllText(_folder.File("again/adapter_config.json")))!["trainable_token_indices"]!.ToJsonString());
    }

    [Fact]
    public void Adapters_of_a_set_have_rows_of_their_own()
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: false);
        var plain = Outputs(model);
        using var set = new AdapterSet(model);
        var one = set.Add("one", Options);
        Train(one, model);
        var trained = Outputs(model);
        set.Add("two", Options);
        Assert.Equal(plain, Outputs(model));
        set.Select("one");
        Assert.Equal(trained, Outputs(model));
        set.Select(null);
        Assert.Equal(plain, Outputs(model));
    }

    [Fact]
    public void The_best_weights_are_restored_with_them()
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: false);
        using var adapted = AdaLoraModel.Attach(model, Options);
        float[] best = [];
        var evaluations = 0;
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 28, LearningRate = 0.05, EvaluateEvery = 4, BestBeforeFinal = true });
        trainer.Fit(Enumerable.Range(0, 28), (int i) => model.Loss(WordModel.Texts(i)), () =>
        {
            if (++evaluations == 3)
                best = Values(model.Table);
            return evaluations == 3 ? 1 : 0;
        });
        Assert.NotEqual(best, Values(model.Table));
        Assert.True(trainer.RestoreBest());
        Assert.Equal(best, Values(model.Table));
    }

    [Theory]
    [InlineData("wrods", 1, "the model has no Embedding 'wrods'; it has words")]
    [InlineData("words", 12, "'words' has the rows 0 to 11")]
    [InlineData("words", -1, "'words' has the rows 0 to 11")]
    public void What_does_not_fit_is_refused(string name, long row, string told)
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: false);
        var options = Options with { TrainedRows = new Dictionary<string, IReadOnlyList<long>> { [name] = [row] } };
        var refused = Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, options));
        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.Equal([refused.Message], AdaLoraModel.Plan(model, options).Problems);
    }

    [Fact]
    public void A_table_that_is_trained_otherwise_is_refused()
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: true);
        Assert.Contains("'words' carries an adapter ('words')",
            Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, Options with { Targets = TargetModules.Suffixes("words") })).Message, StringComparison.Ordinal);
        Assert.Contains("'words' is trained in full",
            Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, Options with { TrainedModules = ["head"] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_of_a_file_that_do_not_fit_are_refused_by_name()
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: false);
        using var adapted = AdaLoraModel.Attach(model, Options);
        adapted.Save(_folder.Path);
        var (path, text) = (_folder.File("adapter_config.json"), File.ReadAllText(_folder.File("adapter_config.json")));
        (string Rows, string Told)[] cases =
        [
            ("""{"words":[9,12]}""", "its rows are 0 to 11"),
            ("""{"words":[9]}""", "instead of (1, 6)"),
            ("""{"verbs":[9,2]}""", "'verbs'"),
            ("null", "does not say which rows of 'words'"),
        ];
        foreach (var (rows, told) in cases)
        {
            var json = JsonNode.Parse(text)!.AsObject();
            json["trainable_token_indices"] = JsonNode.Parse(rows);
            File.WriteAllText(path, json.ToJsonString());
            Assert.Contains(told, Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(new WordModel(tied: false), _folder.Path)).Message, StringComparison.Ordinal);
        }

        // One list is for the input embeddings, whatever their name.
        var list = JsonNode.Parse(text)!.AsObject();
        list["trainable_token_indices"] = new JsonArray(9, 2);
        File.WriteAllText(path, list.ToJsonString());
        using var loaded = AdaLoraModel.Load(new WordModel(tied: false), _folder.Path);
    }

    private static void Train(AdaLoraModel adapted, WordModel model)
    {
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 28, LearningRate = 0.02 });
        trainer.Fit(Enumerable.Range(0, 28), (int i) => model.Loss(WordModel.Texts(i)));
    }

    private static float[] GradientOf(bool tied)
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied);
        model.Loss(WordModel.Texts()).backward();
        return [.. model.named_parameters().Where(p => p.name == "words.weight" || (tied && p.name == "head.weight")).Select(p => p.parameter.grad!).DistinctBy(g => g.Handle)
            .Select(Values).Aggregate((a, b) => a.SequenceEqual(b) ? a : [.. a.Zip(b, (x, y) => x + y)])];
    }

    private static float[] Outputs(WordModel model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Values(model.call(WordModel.Texts(99)));
    }

    private static float[] Values(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    private static void Close(IEnumerable<float> expected, IEnumerable<float> actual) => Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
}

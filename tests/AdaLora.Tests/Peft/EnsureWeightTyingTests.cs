using System.Text.Json.Nodes;
using AdaLora.Peft;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using Microsoft.Extensions.Logging;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>PEFT's <c>ensure_weight_tying</c>: whether modules that share a weight continue to share what an adapter has learnt.</summary>
public sealed class EnsureWeightTyingTests : IDisposable
{
    private const string Field = "ensure_weight_tying";

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _logger = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_adapter_on_two_tied_modules_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        Save("head", 6, config => config[Field] = true);
        using var model = new Tied(isTied: true);

        var message = Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder.Path)).Message;

        Assert.Contains($"'{Field}' is set, and 'head.weight' is also 'words.weight'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void It_says_nothing_where_the_adapted_module_is_not_tied_or_the_field_is_off(bool isSet, bool isTied)
    {
        using var scope = NewDisposeScope();
        Save("head", 6, config => config[Field] = isSet);
        using var model = new Tied(isTied);
        using var loaded = AdaLoraModel.Load(model, _folder.Path, _logger);

        Assert.DoesNotContain(_logger.Entries, entry => entry.Text.Contains(Field, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_trained_module_that_is_tied_changes_both_which_is_a_warning_where_PEFT_would_untie_them(bool isSet, bool isTied)
    {
        using var scope = NewDisposeScope();
        var words = rand(6, 4);
        Save("layer", 4, config => (config[Field], config["modules_to_save"]) = (isSet, new JsonArray("words")), ("words.weight", words));
        using var model = new Tied(isTied);
        using var loaded = AdaLoraModel.Load(model, _folder.Path, _logger);

        Assert.Equal(words, model.Words);
        Assert.Equal(isTied, model.Head.Equals(words));
        var warned = _logger.Entries.Where(entry => entry.Level == LogLevel.Warning && entry.Text.Contains("'words.weight' is also 'head.weight'", StringComparison.Ordinal));
        Assert.Equal(isTied && !isSet ? 1 : 0, warned.Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Saving_says_whether_trained_modules_are_tied(bool isTied)
    {
        using var scope = NewDisposeScope();
        using (var model = new Tied(isTied))
        {
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Targets = TargetModules.Suffixes("layer"), TrainedModules = ["words"] });
            adapted.Save(_folder.Path);
            adapted.ExportLora(_folder.File("lora"));
        }

        foreach (var folder in (string[])[_folder.Path, _folder.File("lora")])
        {
            Assert.Equal(isTied, JsonNode.Parse(File.ReadAllText(Path.Combine(folder, AdapterFolder.ConfigFile)))![Field]?.GetValue<bool>() == true);
            using var other = new Tied(isTied);
            using var loaded = AdaLoraModel.Load(other, folder, _logger);
            Assert.DoesNotContain(_logger.Entries, entry => entry.Text.Contains(Field, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Another_kind_of_value_is_refused()
    {
        using var scope = NewDisposeScope();
        Save("layer", 4, config => config[Field] = "yes");
        using var model = new Tied(isTied: false);

        Assert.Contains($"'{Field}' is \"yes\"", Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder.Path)).Message, StringComparison.Ordinal);
    }

    private void Save(string module, int outputs, Action<JsonObject> change, params (string Name, Tensor Value)[] others)
    {
        var saved = new SavedByHand(_folder.Path).With(module + ".lora_A.weight", rand(2, 4)).With(module + ".lora_B.weight", rand(outputs, 2));
        foreach (var (name, value) in others)
            saved.With(name, value);
        _ = saved.Config.Remove("init_r");
        (saved.Config["peft_type"], saved.Config["r"], saved.Config["target_modules"]) = ("LORA", 2, new JsonArray(module));
        change(saved.Config);
        saved.Write();
    }

    private sealed class Tied : nn.Module<Tensor, Tensor>
    {
        private readonly Embedding words;
        private readonly nn.Module<Tensor, Tensor> layer;
        private readonly nn.Module<Tensor, Tensor> head;

        public Tied(bool isTied)
            : base(nameof(Tied))
        {
            words = nn.Embedding(6, 4);
            layer = nn.Linear(4, 4);
            var output = nn.Linear(4, 6, hasBias: false);
            if (isTied)
                output.weight = words.weight!;
            head = output;
            RegisterComponents();
        }

        public Tensor Words => words.weight!;

        public Tensor Head => ((Linear)head).weight!;

        public override Tensor forward(Tensor input) => head.call(layer.call(words.call(input)));
    }
}

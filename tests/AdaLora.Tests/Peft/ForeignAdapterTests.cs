using System.Text.Json.Nodes;
using AdaLora.Peft;
using AdaLora.TestSupport;
using Microsoft.Extensions.Logging;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Adapters of other variants, formats and models: loaded if they compute the same, otherwise refused by name.</summary>
public sealed class ForeignAdapterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _logger = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void VeLoRA_s_buffer_is_for_training_only()
    {
        using var scope = NewDisposeScope();
        Lora().Write();
        var plain = Outputs();
        Lora().With("0.lora_velora_embed", rand(4)).Write(config => config["velora_config"] = JsonNode.Parse("""{ "num_groups": 2 }"""));
        Assert.Equal(plain, Outputs());
        Assert.DoesNotContain(_logger.Entries, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("velora", StringComparison.Ordinal));
        Assert.Single(AdapterInspection.Read(_folder.Path).Matrices);
    }

    [Theory]
    [InlineData("kasa_config")]
    [InlineData("monteclora_config")]
    public void Variants_that_compute_something_else_are_refused_by_name(string field)
    {
        using var scope = NewDisposeScope();
        Lora().Write(config => config[field] = JsonNode.Parse("""{ "beta": 0.1 }"""));
        Assert.Contains(field, Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_that_nobody_knows_are_told()
    {
        using var scope = NewDisposeScope();
        Lora().Write(config => (config["use_something_new"], config["something_off"]) = (true, false));
        _ = Outputs();
        var warning = Assert.Single(_logger.Entries, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("use_something_new", StringComparison.Ordinal));
        Assert.DoesNotContain("something_off", warning.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(9, true)]
    [InlineData(7, false)]
    public void An_adapter_of_a_resized_vocabulary_says_so(int rows, bool isListed)
    {
        using var scope = NewDisposeScope();
        Lora("words.weight", rand(rows, 8)).Write(config => config["modules_to_save"] = isListed ? new JsonArray("words") : null);
        using var model = new Embedded();
        var message = Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder.Path)).Message;
        Assert.Contains("words.weight", message, StringComparison.Ordinal);
        if (rows == 9)
            Assert.Contains("resized vocabulary", message, StringComparison.Ordinal);
        else
            Assert.Contains("modules_to_save", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_formats_are_named_with_a_way_out()
    {
        using var scope = NewDisposeScope();
        Lora().Write();
        var weights = _folder.File("adapter_model.safetensors");
        File.Move(weights, _folder.File("adapter_model.bin"));
        Assert.Contains("pickle format (adapter_model.bin)", Refused(), StringComparison.Ordinal);
        File.Move(_folder.File("adapter_model.bin"), _folder.File("some-adapter-f16.gguf"));
        Assert.Contains("GGUF format (some-adapter-f16.gguf)", Refused(), StringComparison.Ordinal);
        File.Delete(_folder.File("adapter_config.json"));
        Assert.Contains("GGUF", Refused(), StringComparison.Ordinal);
        using var model = Model();
        Assert.Contains("is a file", Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder.File("some-adapter-f16.gguf"))).Message, StringComparison.Ordinal);
    }

    private static Sequential Model()
    {
        _ = manual_seed(1);
        return nn.Sequential(nn.Linear(8, 4));
    }

    private LoraByHand Lora(string? other = null, Tensor? value = null)
    {
        _ = manual_seed(2);
        var saved = new LoraByHand(_folder.Path, other is null ? "0" : "head");
        return other is null ? saved : saved.With(other, value!);
    }

    private float[] Outputs()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var loaded = AdaLoraModel.Load(model, _folder.Path, _logger);
        model.eval();
        return model.call(ones(2, 8)).data<float>().ToArray();
    }

    private string Refused()
    {
        using var model = Model();
        return Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder.Path)).Message;
    }

    /// <summary>A plain LoRA adapter of one matrix, 8 to 4, as PEFT writes it.</summary>
    private sealed class LoraByHand
    {
        private readonly SavedByHand _saved;

        public LoraByHand(string folder, string module)
        {
            _saved = new SavedByHand(folder).With(module + ".lora_A.weight", rand(2, 8)).With(module + ".lora_B.weight", rand(4, 2));
            _saved.Config.Remove("init_r");
            (_saved.Config["peft_type"], _saved.Config["r"], _saved.Config["target_modules"]) = ("LORA", 2, new JsonArray(module));
        }

        public LoraByHand With(string name, Tensor value)
        {
            _saved.With(name, value);
            return this;
        }

        public void Write(Action<JsonObject>? change = null)
        {
            change?.Invoke(_saved.Config);
            _saved.Write();
        }
    }

    private sealed class Embedded : nn.Module<Tensor, Tensor>
    {
        private readonly Embedding words;
        private readonly nn.Module<Tensor, Tensor> head;

        public Embedded()
            : base(nameof(Embedded))
        {
            words = nn.Embedding(7, 8);
            head = nn.Linear(8, 4);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => head.call(words.call(input));
    }
}

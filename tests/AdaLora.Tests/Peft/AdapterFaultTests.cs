using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Adapters that are damaged or belong to another model: refused by name and in full, with the model as it was.</summary>
public sealed class AdapterFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyModel _model = new();
    private readonly double[] _before;
    private readonly List<(string, bool)> _parameters;

    public AdapterFaultTests()
    {
        using var trained = new TrainedTiny(28, compact: true);
        trained.Adapted.Save(_folder.Path);
        _before = TrainedTiny.Outputs(_model);
        _parameters = Parameters();
    }

    private string Weights => _folder.File("adapter_model.safetensors");

    private string Config => _folder.File("adapter_config.json");

    [Theory]
    [InlineData("adapter_config.json")]
    [InlineData("adapter_model.safetensors")]
    public void A_missing_file_is_named(string file)
    {
        File.Delete(_folder.File(file));
        Assert.Contains(file, Refused<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(-1)]
    public void Truncated_weights_are_refused(int length)
    {
        var bytes = File.ReadAllBytes(Weights);
        File.WriteAllBytes(Weights, bytes[..(length < 0 ? bytes.Length + length : length)]);
        Refused<SafetensorsException>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{ "peft_type": "ADALORA", "peft_type": "LORA" }""")]
    [InlineData("""{ "peft_type": "IA3" }""")]
    [InlineData("""{ }""")]
    public void A_configuration_that_is_none_is_refused(string text)
    {
        File.WriteAllText(Config, text);
        Assert.Contains("adapter_config.json", Refused<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_fields_that_cannot_be_followed_are_listed()
    {
        Change(config =>
        {
            config["init_r"] = "four";
            config["lora_dropout"] = 2;
            config["modules_to_save"] = 7;
            config["use_dora"] = true;
            config["lora_bias"] = true;
            config["layer_replication"] = new JsonArray(new JsonArray(0, 4));
            config["init_lora_weights"] = "pissa_niter_4";
        });
        var message = Refused<InvalidDataException>();
        Assert.All((string[])["'init_r'", "'lora_dropout'", "'modules_to_save'", "'use_dora'", "'lora_bias'", "'layer_replication'", "'init_lora_weights'"],
            f => Assert.Contains(f, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("beta1", 1.0, "Beta1")]
    [InlineData("deltaT", 0, "MaskInterval")]
    [InlineData("orth_reg_weight", -1.0, "OrthogonalityWeight")]
    public void Options_out_of_their_range_are_refused(string field, double value, string option)
    {
        Change(config => config[field] = value == 0 ? 0 : value);
        Assert.Contains(option, Refused<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_of_another_length_is_refused()
    {
        Change(config => config["rank_pattern"]!["first.lora_E"]!.AsArray().Add((JsonNode)true));
        Assert.Contains("first", Refused<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_that_are_missing_of_another_shape_or_type_or_without_a_place_are_listed_together()
    {
        Rewrite(tensors =>
        {
            tensors.Remove("base_model.model.first.lora_B");
            tensors.Remove("base_model.model.head.bias");
            tensors["base_model.model.second.lora_A"] = zeros(3, 5);
            tensors["base_model.model.second.lora_E"] = zeros(tensors["base_model.model.second.lora_E"].shape, dtype: ScalarType.Int32);
            tensors["base_model.model.third.lora_E"] = zeros(1, 1);
            tensors["something"] = zeros(1);
        });
        var message = Refused<InvalidDataException>();
        foreach (var part in (string[])[
            "'base_model.model.first.lora_B' is missing", "'base_model.model.head.bias' is missing", "'base_model.model.second.lora_A' has shape (3, 5)",
            "'base_model.model.second.lora_E' is of type Int32", "no linear layer or convolution 'third'", "'something'"])
        {
            Assert.Contains(part, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_matrix_of_which_nothing_is_left_is_missed()
    {
        Change(config => config["rank_pattern"]!.AsObject().Remove("second.lora_E"));
        Rewrite(tensors =>
        {
            foreach (var ending in (string[])["A", "B", "E"])
                tensors.Remove("base_model.model.second.lora_" + ending);
        });
        Assert.Contains("'base_model.model.second.lora_E' is missing", Refused<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_to_save_of_which_nothing_is_left_is_missed()
    {
        Rewrite(tensors =>
        {
            tensors.Remove("base_model.model.head.weight");
            tensors.Remove("base_model.model.head.bias");
        });
        Assert.Contains("'base_model.model.head.weight' is missing", Refused<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_carries_adapters_already_is_refused()
    {
        using var adapted = AdaLoraModel.Attach(_model, TinyTask.Options);
        Assert.Contains("'first' already carries an adapter", Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(_model, _folder.Path)).Message, StringComparison.Ordinal);
        Assert.Equal(adapted.Adapters, _model.named_modules().Select(m => m.module).OfType<global::AdaLora.Adapters.SvdLinear>());
    }

    [Fact]
    public void Copies_that_peft_saves_of_the_biases_of_a_trained_module_are_passed_over()
    {
        using var other = new TinyModel();
        using var undisturbed = AdaLoraModel.Load(other, _folder.Path);
        Rewrite(tensors =>
        {
            tensors["base_model.model.head.original_module.bias"] = ones(3);
            tensors["base_model.model.head.modules_to_save.bias"] = ones(3);
        });
        using var loaded = AdaLoraModel.Load(_model, _folder.Path);
        Assert.Equal(TrainedTiny.Outputs(other), TrainedTiny.Outputs(_model));
    }

    [Fact]
    public void Weights_of_another_floating_type_are_converted()
    {
        Rewrite(tensors => tensors["base_model.model.head.bias"] = tensors["base_model.model.head.bias"].to(ScalarType.Float64));
        using var loaded = AdaLoraModel.Load(_model, _folder.Path);
        Assert.Equal(ScalarType.Float32, loaded.Model.named_parameters().Single(p => p.name == "head.bias").parameter.dtype);
        Assert.NotEqual(_before, TrainedTiny.Outputs(_model));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private string Refused<T>()
        where T : Exception
    {
        var message = Assert.Throws<T>(() => AdaLoraModel.Load(_model, _folder.Path)).Message;
        Assert.Equal(_parameters, Parameters());
        Assert.Equal(_before, TrainedTiny.Outputs(_model));
        return message;
    }

    private List<(string, bool)> Parameters() => [.. _model.named_parameters().Select(p => (p.name, p.parameter.requires_grad))];

    private void Change(Action<JsonObject> change)
    {
        var config = JsonNode.Parse(File.ReadAllBytes(Config))!.AsObject();
        change(config);
        File.WriteAllText(Config, config.ToJsonString());
    }

    private void Rewrite(Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors;
        using (var file = SafetensorsFile.Open(Weights))
            tensors = file.ReadAll();
        change(tensors);
        SafetensorsWriter.Write(Weights, tensors);
    }
}

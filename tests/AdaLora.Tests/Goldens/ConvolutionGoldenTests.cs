using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Goldens;

/// <summary>A network with convolutions that PEFT has adapted, in double precision: outputs, gradients, merged weights, files and a training.</summary>
public sealed class ConvolutionGoldenTests : IDisposable
{
    private const double Tolerance = 1e-10;

    private readonly GoldenSet _io = GoldenSet.Open("adapters/conv_embedding/io");
    private readonly Network _model = new();

    public ConvolutionGoldenTests()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var weights = SafetensorsFile.Open(Path("base.safetensors"));
        foreach (var (name, parameter) in _model.named_parameters())
            parameter.copy_(weights.Read(name));
    }

    [Fact]
    public void The_network_is_the_one_of_the_reference() => Close.Absolute(_io["base.logits"], Logits(), Tolerance, "logits");

    [Theory]
    [InlineData("adalora_unpruned")]
    [InlineData("adalora_final")]
    public void An_adapter_computes_learns_and_merges_as_in_PEFT(string tag)
    {
        using var scope = NewDisposeScope();
        using var adapted = AdaLoraModel.Load(_model, Path(tag));
        Assert.Equal(["SvdConv2d", "SvdConv2d", "SvdLinear"], adapted.Adapters.Select(a => a.GetType().Name));
        var loss = Loss();
        Close.Absolute(_io[tag + ".logits"], Logits(), Tolerance, "logits");
        Close.Absolute(_io[tag + ".loss"].view([]), loss, Tolerance, "loss");
        loss.backward();
        foreach (var adapter in adapted.Adapters)
        {
            // The reference holds pruned triplets too.
            var kept = tensor(adapted.ReadPattern()[adapter.Slot.Name].Index().Where(f => f.Item).Select(f => (long)f.Index).ToArray());
            foreach (var (part, dimension) in ((string, int)[])[("lora_A", 0), ("lora_E", 0), ("lora_B", 1)])
                Close.Absolute(_io[$"{tag}.grad.{adapter.Slot.Name}.{part}"].index_select(dimension, kept), adapter.get_parameter(part)!.grad!, Tolerance, $"gradient of {adapter.Slot.Name}.{part}");
        }

        _model.zero_grad(set_to_none: true);
        _model.eval();
        adapted.Merge();
        foreach (var (name, weight) in _model.named_parameters().Where(p => p.name.EndsWith("base_layer.weight", StringComparison.Ordinal)))
            Close.Absolute(_io[$"{tag}.merged.{name.Replace(".base_layer", "", StringComparison.Ordinal)}"], weight, Tolerance, name);
        Close.Absolute(_io[tag + ".logits"], Logits(), Tolerance, "merged logits");
    }

    [Theory]
    [InlineData("adalora_unpruned")]
    [InlineData("adalora_final")]
    public void An_adapter_is_written_again_as_it_was_read(string tag)
    {
        using var scope = NewDisposeScope();
        using var adapted = AdaLoraModel.Load(_model, Path(tag));
        using var copy = new TemporaryFolder();
        adapted.Save(copy.Path);
        Assert.True(JsonNode.DeepEquals(Config(Path(tag)), Config(copy.Path)), $"{Config(Path(tag))}\n\n{Config(copy.Path)}");
        using var expected = SafetensorsFile.Open(Path(tag, "adapter_model.safetensors"));
        using var actual = SafetensorsFile.Open(System.IO.Path.Combine(copy.Path, "adapter_model.safetensors"));
        Assert.Equal(expected.Entries.Keys.Order(StringComparer.Ordinal), actual.Entries.Keys.Order(StringComparer.Ordinal));
        foreach (var name in expected.Entries.Keys)
            Close.Absolute(expected.Read(name), actual.Read(name), 0, name);
    }

    /// <summary>From the unpruned adapter to the final one: budgets, losses, the lambdas that live after each step, and every kept number in the end.</summary>
    [Fact]
    public void A_training_prunes_convolutions_and_linear_layers_as_the_reference_does()
    {
        using var scope = NewDisposeScope();
        var steps = Record().GetProperty("training").GetProperty("per_step").EnumerateArray().ToList();
        using var start = new TemporaryFolder();
        var config = Config(Path("adalora_unpruned"));
        // The reference left the penalty out.
        config["orth_reg_weight"] = 0.0;
        File.WriteAllText(System.IO.Path.Combine(start.Path, "adapter_config.json"), config.ToJsonString());
        File.Copy(Path("adalora_unpruned", "adapter_model.safetensors"), System.IO.Path.Combine(start.Path, "adapter_model.safetensors"));
        using var adapted = AdaLoraModel.Load(_model, start.Path);
        _model.train();
        adapted.Begin(steps.Count);
        using var optimizer = optim.SGD(adapted.TrainableParameters, 0.1);
        foreach (var (step, expected) in steps.Index())
        {
            var loss = Loss();
            Assert.Equal(expected.GetProperty("loss").GetDouble(), loss.item<double>(), Tolerance * TestDevice.ToleranceFactor);
            loss.backward();
            // The gradients that the reference had recorded before were still present.
            if (step == 0)
                Loss().backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
            optimizer.zero_grad();
            Assert.Equal(expected.GetProperty("budget").GetInt32(), adapted.Schedule!.BudgetAt(step));
            Assert.Equal(expected.GetProperty("nonzero").EnumerateArray().Select(n => n.GetInt64()), adapted.Adapters.Select(a => a.get_parameter("lora_E")!.count_nonzero().item<long>()));
        }

        adapted.Compact();
        using var final = SafetensorsFile.Open(Path("adalora_final", "adapter_model.safetensors"));
        foreach (var adapter in adapted.Adapters)
        {
            foreach (var (part, value) in adapter.named_parameters(recurse: false))
                Close.Absolute(final.Read($"base_model.model.{adapter.Slot.Name}.{part}"), value, Tolerance, $"{adapter.Slot.Name}.{part}");
        }
    }

    [Fact]
    public void Plain_lora_of_a_convolution_is_read_and_written_with_the_shapes_of_PEFT()
    {
        using var scope = NewDisposeScope();
        using var source = new TemporaryFolder();
        var wanted = (string[])["conv2", "conv3", "head"];
        var config = Config(Path("lora"));
        config["target_modules"] = new JsonArray([.. wanted.Select(n => (JsonNode)n)]);
        File.WriteAllText(System.IO.Path.Combine(source.Path, "adapter_config.json"), config.ToJsonString());
        using (var all = SafetensorsFile.Open(Path("lora", "adapter_model.safetensors")))
        {
            using var stream = File.Create(System.IO.Path.Combine(source.Path, "adapter_model.safetensors"));
            SafetensorsWriter.WriteTo(stream,
                all.Entries.Keys.Where(n => wanted.Any(w => n.Contains($".{w}.", StringComparison.Ordinal))).ToDictionary(n => n, n => all.Read(n), StringComparer.Ordinal),
                new Dictionary<string, string>());
        }

        using var copy = new TemporaryFolder();
        using (var adapted = AdaLoraModel.Load(_model, source.Path))
        {
            foreach (var adapter in adapted.Adapters)
                Close.Absolute(_io[$"lora.merged.{adapter.Slot.Name}.weight"] - BaseWeight(adapter), adapter.DeltaWeight(), Tolerance, adapter.Slot.Name);
            adapted.ExportLora(copy.Path);
            adapted.Detach();
        }

        using var written = SafetensorsFile.Open(System.IO.Path.Combine(copy.Path, "adapter_model.safetensors"));
        Assert.Equal([3, 2, 3, 2], written.Entries["base_model.model.conv2.lora_A.weight"].Shape);
        Assert.Equal([6, 3, 1, 1], written.Entries["base_model.model.conv2.lora_B.weight"].Shape);
        Assert.Equal([3, 5], written.Entries["base_model.model.head.lora_A.weight"].Shape);
        using var again = AdaLoraModel.Load(_model, copy.Path);
        foreach (var adapter in again.Adapters)
            Close.Absolute(_io[$"lora.merged.{adapter.Slot.Name}.weight"] - BaseWeight(adapter), adapter.DeltaWeight(), Tolerance, adapter.Slot.Name);
        Assert.Equal(3, AdapterInspection.Read(copy.Path).Matrices.Count);
    }

    [Fact]
    public void So_is_that_of_an_embedding()
    {
        using var scope = NewDisposeScope();
        using var adapted = AdaLoraModel.Load(_model, Path("lora"));
        var table = Assert.Single(adapted.Adapters, adapter => adapter is SvdEmbedding);
        Assert.Equal("emb", table.Slot.Name);
        Close.Absolute(_io["lora.merged.emb.weight"] - BaseWeight(table), table.DeltaWeight(), Tolerance, "emb");
        Close.Absolute(_io["lora.logits"], Logits(), Tolerance, "logits");
        using var copy = new TemporaryFolder();
        adapted.ExportLora(copy.Path);
        using var written = SafetensorsFile.Open(System.IO.Path.Combine(copy.Path, "adapter_model.safetensors"));
        Assert.Equal([3, 20], written.Entries["base_model.model.emb.lora_embedding_A"].Shape);
        Assert.Equal([7, 3], written.Entries["base_model.model.emb.lora_embedding_B"].Shape);
    }

    public void Dispose()
    {
        _io.Dispose();
        _model.Dispose();
    }

    private static string Path(params string[] parts) => TestMaterial.Golden(["core", "adapters", "conv_embedding", .. parts]);

    private static JsonObject Config(string folder) => (JsonObject)JsonNode.Parse(File.ReadAllBytes(System.IO.Path.Combine(folder, "adapter_config.json")))!;

    private static JsonElement Record() => JsonDocument.Parse(File.ReadAllBytes(Path("record.json"))).RootElement;

    private static Tensor BaseWeight(SvdAdapter adapter) => adapter.BaseLayer.get_parameter("weight")!;

    private Tensor Logits() => _model.call(_io["input.ids"]);

    private Tensor Loss() => functional.cross_entropy(Logits(), _io["input.labels"]);

    /// <summary>The network of record.json.</summary>
    private sealed class Network : Module<Tensor, Tensor>
    {
        private readonly Embedding emb = Embedding(20, 7, dtype: ScalarType.Float64);
        private readonly Module<Tensor, Tensor> conv1 = Conv1d(7, 8, 3, stride: 2, padding: 1, dtype: ScalarType.Float64);
        private readonly Module<Tensor, Tensor> conv2 = Conv2d(2, 6, (3, 2), stride: (1, 2), padding: (1, 0), dtype: ScalarType.Float64);
        private readonly Module<Tensor, Tensor> conv3 = Conv2d(6, 5, 1, bias: false, dtype: ScalarType.Float64);
        private readonly Module<Tensor, Tensor> head = Linear(5, 3, dtype: ScalarType.Float64);

        public Network()
            : base(nameof(Network)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var first = conv1.call(emb.call(input).transpose(1, 2)).tanh();
            var second = conv2.call(first.view(first.shape[0], 2, 4, first.shape[2])).relu();
            return head.call(conv3.call(second).mean([2, 3])).MoveToOuterDisposeScope();
        }
    }
}

using System.Text.Json.Nodes;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Demo;
using AdaLora.Safetensors;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Methods;

/// <summary>Diff pruning: gates against the same arithmetic in plain numbers, the share that is kept, and runs of the application.</summary>
[Collection(Pictures.Name)]
public sealed class DiffPruningTests : IDisposable
{
    private readonly DemoApplication _app = new();

    public void Dispose() => _app.Dispose();

    [Fact]
    public void Gradients_reach_values_and_gates_as_in_plain_numbers()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(3);
        var target = new Parameter(randn(4, 5));
        var origin = target.clone();
        using var weight = new DiffWeight("w", target);
        weight.Value.copy_(randn(4, 5));
        weight.Gate.copy_(randn(4, 5));
        weight.Draw();
        target.grad = randn(4, 5);
        var (gradient, samples) = (Numbers(target.grad), Numbers(weight.Sample));

        weight.Differentiate(penalty: 0.3);

        var (values, gates, changed, first) = (Numbers(weight.Value), Numbers(weight.Gate), Numbers(target), Numbers(origin));
        var (ofValues, ofGates) = (Numbers(weight.Value.grad!), Numbers(weight.Gate.grad!));
        Assert.Null(target.grad);
        Assert.Contains(samples, s => (3 * s) - 1.5 is > 0 and < 1);
        Assert.Contains(samples, s => (3 * s) - 1.5 is <= 0 or >= 1);
        for (var i = 0; i < samples.Length; i++)
        {
            var stretched = (3 * samples[i]) - 1.5;
            var gate = Math.Clamp(stretched, 0, 1);
            var open = 1 / (1 + Math.Exp(-gates[i]));
            var slope = stretched is > 0 and < 1 ? 3 * samples[i] * (1 - samples[i]) : 0;
            Assert.Equal(first[i] + (gate * values[i]), changed[i], 1e-5);
            Assert.Equal(gradient[i] * gate, ofValues[i], 1e-5);
            Assert.Equal((gradient[i] * values[i] * slope) + (0.3 * open * (1 - open)), ofGates[i], 1e-5);
        }
    }

    [Fact]
    public void Gates_are_closed_and_open_as_often_as_their_distribution_says()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(4);
        using var weight = new DiffWeight("w", new Parameter(zeros(200, 200)));
        weight.Value.fill_(1);
        weight.Gate.fill_(0.4);

        weight.Draw();

        // P(z > 0) is the chance that the sigmoid is above a half, P(z = 1) that it is above 5/6.
        var gates = Numbers(weight.Delta());
        Assert.Equal(1 / (1 + Math.Exp(-0.4)), gates.Count(z => z > 0) / 40_000.0, 0.01);
        Assert.Equal(1 / (1 + Math.Exp(Math.Log(5) - 0.4)), gates.Count(z => z == 1) / 40_000.0, 0.01);
    }

    [Fact]
    public void The_greatest_changes_are_kept_and_only_they_change_from_then_on()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(5);
        List<Parameter> targets = [new(randn(6, 5)), new(randn(10))];
        var origins = targets.Select(target => target.clone()).ToList();
        var weights = targets.Select((target, i) => new DiffWeight($"{i}", target)).ToList();
        var steps = zeros([], ScalarType.Int64);
        var pruner = new DiffPruner(weights, steps, fixedAfter: 2, share: 0.25, penalty: 0);
        foreach (var weight in weights)
            weight.Value.copy_(randn(weight.Value.shape));
        var wanted = weights.SelectMany((weight, i) => Numbers(weight.ExpectedDelta()).Select((delta, entry) => (Size: Math.Abs(delta), Place: (i, entry)))).OrderByDescending(e => e.Size).Take(10)
            .Select(e => e.Place).ToHashSet();

        pruner.AfterStep();
        pruner.AfterStep();

        Assert.Equal(wanted, Changed());
        foreach (var target in targets)
            target.grad = ones(target.shape);
        pruner.BeforeStep();
        Assert.All(weights, weight => Assert.Null(weight.Gate.grad));
        // Whatever an optimiser does to the others has no effect.
        foreach (var weight in weights)
            weight.Value.add_(1);
        pruner.AfterStep();
        Assert.Equal(wanted, Changed());

        HashSet<(int, int)> Changed() => [.. targets.SelectMany((target, i) => Numbers(target.ne(origins[i]).to(ScalarType.Float32)).Index().Where(e => e.Item == 1).Select(e => (i, e.Index)))];
    }

    [Fact]
    public void A_run_changes_the_share_that_was_asked_for_and_keeps_nothing_else()
    {
        var (code, _, error) = _app.Train("run", "--method", "diff-pruning", "--diff-share", "0.01", "--tfinal", "4");

        Assert.True(code == 0, error);
        var counts = Json("run")["trainable_parameters"]!;
        using var model = AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { NewHead = true, Seed = 1 });
        var fresh = BaseModel.Of(model).NewParts;
        var (all, head) = (model.parameters().Sum(p => p.numel()), model.named_parameters().Where(p => fresh.Contains(p.name.Split('.')[0])).Sum(p => p.parameter.numel()));
        Assert.Equal(all, counts["start"]!.GetValue<long>());
        Assert.Equal((long)Math.Round(0.01 * (all - head)) + head, counts["end"]!.GetValue<long>());
        using var file = SafetensorsFile.Open(Path.Combine(_app.File("run"), "adapter", "diff.safetensors"));
        var kept = file.Entries.Where(entry => entry.Key.EndsWith(".values", StringComparison.Ordinal)).Sum(entry => entry.Value.Shape[0]);
        Assert.InRange(kept, 0.98 * (counts["end"]!.GetValue<long>() - head), counts["end"]!.GetValue<long>() - head);

        Assert.Equal(Json("run")["final"]!.ToJsonString(), JsonNode.Parse(_app.Run("evaluate", _app.File("run"), "--json").Output)!.ToJsonString());
        Assert.Equal(0, _app.Run("merge", _app.File("run"), "--output", _app.File("merged")).Code);
        using var merged = AutoModel.SequenceClassifier(_app.File("merged"));
        Assert.DoesNotContain(merged.LoadReport!.Unexpected, name => name.Contains("diff", StringComparison.Ordinal));
        var changes = merged.Encoder.named_parameters().Sum(p => p.parameter.ne(model.Encoder.get_parameter(p.name)!).sum().item<long>());
        Assert.Equal(kept, changes);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(9)]
    public void A_resumed_run_ends_as_one_without_interruption(int stop)
    {
        string[] line = ["--method", "diff-pruning", "--tfinal", "4", "--checkpoint-every", "1", "--threads", "1"];
        Assert.Equal(0, _app.Train("whole", line).Code);
        Assert.Equal(130, _app.Interrupt(stop, "other", line).Code);

        Assert.Equal(0, _app.Train("other", [.. line, "--resume"]).Code);

        Assert.Equal(File.ReadAllBytes(Path.Combine(_app.File("whole"), "adapter", "diff.safetensors")), File.ReadAllBytes(Path.Combine(_app.File("other"), "adapter", "diff.safetensors")));
    }

    [Fact]
    public void A_file_that_belongs_to_another_model_changes_nothing()
    {
        Assert.Equal(0, _app.Train("run", "--method", "diff-pruning").Code);
        var path = Path.Combine(_app.File("run"), "adapter", "diff.safetensors");
        using (var scope = NewDisposeScope())
        {
            SafetensorsWriter.Write(path, new Dictionary<string, Tensor>(StringComparer.Ordinal)
            {
                ["bert.encoder.layer.9.output.dense.weight.places"] = tensor(new long[] { 0 }),
                ["bert.encoder.layer.9.output.dense.weight.values"] = tensor(new float[] { 1 }),
            });
        }

        var (code, _, error) = _app.Run("evaluate", _app.File("run"));

        Assert.Equal(2, code);
        Assert.Contains("does not fit the model: bert.encoder.layer.9.output.dense.weight", error, StringComparison.Ordinal);
    }

    private static double[] Numbers(Tensor values) => [.. values.detach().to(ScalarType.Float64).contiguous().view(-1).data<double>()];

    private JsonObject Json(string run) => JsonNode.Parse(File.ReadAllText(Path.Combine(_app.File(run), "metrics.json")))!.AsObject();
}

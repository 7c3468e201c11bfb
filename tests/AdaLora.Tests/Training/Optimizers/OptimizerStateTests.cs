using AdaLora.Internals;
using AdaLora.Tests.Models;
using AdaLora.Tests.Training.Checkpoints;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Optimizers;

/// <summary>What <see cref="FusedAdamW"/> remembers: saved, restored, shrunk, and refused if it belongs to something else.</summary>
public sealed class OptimizerStateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void A_training_taken_up_from_a_saved_state_ends_with_the_same_bytes(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(1);
        Parameter[] whole = [new(randn(1000).to(dtype)), new(randn(3, 4).to(dtype)), new(ones([]).to(dtype))];
        using var first = new FusedAdamW(whole, 1e-3);
        var gradients = Enumerable.Range(0, 20).Select(_ => whole.Select(p => randn(p.shape).to(dtype)).ToArray()).ToArray();
        Steps(first, whole, gradients[..10]);
        // As a checkpoint brings them: copies.
        Parameter[] again = [.. whole.Select(p => new Parameter(p.detach().clone()))];
        using var second = new FusedAdamW(again, 1e-3);
        second.ResumeState(first.CaptureState().ToDictionary(p => p.Key, p => p.Value.clone()));

        Steps(first, whole, gradients[10..]);
        Steps(second, again, gradients[10..]);

        Assert.All(whole.Zip(again), pair => Assert.Equal(Bytes(pair.First), Bytes(pair.Second)));
        Assert.All(first.CaptureState().Zip(second.CaptureState()), pair => Assert.Equal(Bytes(pair.First.Value), Bytes(pair.Second.Value)));

        static void Steps(FusedAdamW optimizer, Parameter[] parameters, Tensor[][] gradients)
        {
            foreach (var step in gradients)
            {
                foreach (var (parameter, gradient) in parameters.Zip(step))
                    parameter.grad = gradient.clone();
                optimizer.step();
            }
        }
    }

    [Fact]
    public void A_state_of_other_parameters_is_refused_whole_with_all_that_is_wrong()
    {
        using var scope = NewDisposeScope();
        using var optimizer = new FusedAdamW([new Parameter(ones(3)), new Parameter(ones(2))]);
        var before = optimizer.CaptureState().ToDictionary(p => p.Key, p => Bytes(p.Value));
        var state = optimizer.CaptureState().ToDictionary(p => p.Key, p => ones_like(p.Value));
        state["0.exp_avg"] = ones(4);
        state["1.exp_avg_sq"] = ones([2], ScalarType.Float64);
        state["1.step"] = ones([]);
        state.Remove("0.step");
        state.Remove("1.exp_avg");
        state["1.max_exp_avg_sq"] = ones(2);

        var message = Assert.Throws<InvalidDataException>(() => optimizer.ResumeState(state)).Message;

        foreach (var part in (string[])["0.exp_avg is Float32 (4) instead of Float32 (3)", "1.exp_avg_sq is Float64 (2) instead of Float32 (2)", "1.step is Float32 () instead of one Int64",
            "0.step is missing", "1.exp_avg is missing", "1.max_exp_avg_sq belongs to no parameter"])
        {
            Assert.Contains(part, message, StringComparison.Ordinal);
        }

        Assert.All(optimizer.CaptureState(), p => Assert.Equal(before[p.Key], Bytes(p.Value)));
    }

    [Fact]
    public void Averages_follow_what_is_left_and_begin_at_0_for_what_is_new()
    {
        using var scope = NewDisposeScope();
        using var parameter = new Parameter(ones(4));
        using var optimizer = new FusedAdamW([parameter]);
        parameter.grad = tensor([1f, 2f, 3f, 4f]);
        optimizer.step();
        using (no_grad())
            parameter.set_(ones(2));

        Assert.Throws<ArgumentException>(() => optimizer.Resize(parameter, tensor([3L])));
        Assert.Throws<ArgumentException>(() => optimizer.Resize(parameter, tensor([3, 1])));
        Assert.ThrowsAny<Exception>(() => optimizer.Resize(parameter, tensor([3L, 9L])));
        Assert.Throws<ArgumentException>(() => optimizer.Resize(new Parameter(ones(2)), tensor([3L, 1L])));
        parameter.grad = ones(2);
        Assert.Contains("had 4 entries and now has 2", Assert.Throws<InvalidOperationException>(() => optimizer.step()).Message, StringComparison.Ordinal);
        Assert.Equal(4, optimizer.CaptureState()["0.exp_avg_sq"].numel());

        optimizer.Resize(parameter, tensor([3L, 1L]));

        Assert.Equal([0.4f, 0.2f], optimizer.CaptureState()["0.exp_avg"].data<float>().ToArray());
        Assert.Equal(2, optimizer.CaptureState()["0.exp_avg_sq"].numel());
        optimizer.step();

        using (no_grad())
            parameter.set_(ones(3));
        optimizer.Resize(parameter, tensor([-1L, 1L, -1L]));

        var kept = optimizer.CaptureState();
        Assert.Equal([0f, kept["0.exp_avg"].data<float>()[1], 0f], kept["0.exp_avg"].data<float>().ToArray());
        Assert.Equal([0f, kept["0.exp_avg_sq"].data<float>()[1], 0f], kept["0.exp_avg_sq"].data<float>().ToArray());
        Assert.NotEqual(0, kept["0.exp_avg_sq"].data<float>()[1]);
        parameter.grad = ones(3);
        optimizer.step();
    }

    /// <summary>A checkpoint that was written with another optimiser is refused by name, and resumes with the optimiser that it names.</summary>
    [Fact]
    public void A_checkpoint_of_torchsharps_adamw_says_so()
    {
        var old = new Rehearsal { Folder = _folder.Path, Optimizer = (p, rate) => optim.AdamW(p, rate, weight_decay: 0.01) };
        var whole = (old with { Saves = false }).Run();
        old.Run(crashBefore: 30);

        var refused = Assert.Throws<InvalidDataException>(() => (old with { Optimizer = null }).Run(resume: true));

        Assert.Contains("Optimizer is FusedAdamW with betas 0.9 and 0.999 and epsilon 1E-08 and was AdamW", refused.Message, StringComparison.Ordinal);
        Assert.Equal(whole.Weights, old.Run(resume: true).Weights);
    }

    [Fact]
    public void A_training_is_not_taken_up_with_other_betas()
    {
        var begun = new Rehearsal { Folder = _folder.Path, Optimizer = (p, rate) => new FusedAdamW(p, rate, 0.9) };
        begun.Run(crashBefore: 30);

        var refused = Assert.Throws<InvalidDataException>(() => (begun with { Optimizer = (p, rate) => new FusedAdamW(p, rate, 0.8) }).Run(resume: true));

        Assert.Contains("betas 0.8 and 0.999", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_is_left_out_leaves_everything_as_it_was()
    {
        using var model = new TinyModel();
        FusedAdamW? optimizer = null;
        List<Dictionary<string, byte[]>> states = [];
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 4, OptimizerFactory = (p, rate) => optimizer = new FusedAdamW(p, rate) });

        var result = trainer.Fit(Enumerable.Range(0, 4), step =>
        {
            states.Add(optimizer!.CaptureState().Concat(model.state_dict().Select(p => KeyValuePair.Create(p.Key, (Tensor)p.Value))).ToDictionary(p => p.Key, p => Bytes(p.Value)));
            var loss = model.call(ones(2, 8)).sum();
            return step == 1 ? loss.mul(tensor(float.NaN)) : loss;
        });

        Assert.Equal(1, result.SkippedSteps);
        Assert.Equal(states[1], states[2]);
        Assert.NotEqual(states[2]["0.exp_avg"], states[3]["0.exp_avg"]);
    }

    private static byte[] Bytes(Tensor tensor) => tensor.detach().contiguous().bytes.ToArray();
}

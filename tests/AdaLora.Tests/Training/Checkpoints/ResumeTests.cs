using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.Progress;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Checkpoints;

public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Steps 1 to 6 are the initial phase, 7 to 18 budgeting, from 18 on ranks are settled and compacted; two batches make a step, 13 an epoch.
    public static TheoryData<int> Crashes => [.. Enumerable.Range(1, 60)];

    [Theory]
    [MemberData(nameof(Crashes))]
    public void A_training_that_crashed_anywhere_ends_with_the_same_bytes(int crashBefore) =>
        RequireSameEnd(new Rehearsal { Folder = _folder.Path, Every = 3 }, crashBefore);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(13)]
    [InlineData(1000)]
    public void However_far_checkpoints_lie_apart_the_end_is_the_same(long every)
    {
        foreach (var crash in (int[])[14, 27, 40, 53])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), Every = every }, crash);
    }

    [Fact]
    public void Masking_without_compaction_resumes_too()
    {
        foreach (var crash in (int[])[17, 39, 55])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), Compacts = false }, crash);
    }

    [Fact]
    public void Evaluations_at_the_end_of_each_pass_are_neither_lost_nor_repeated()
    {
        foreach (var crash in (int[])[13, 14, 15, 26, 27, 28])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), Every = 1, Accumulation = 1, EvaluateEvery = null }, crash);
    }

    /// <summary>13 batches make an epoch and two a step: every other epoch ends within a step, and its evaluation may be the best so far.</summary>
    [Fact]
    public void Evaluations_within_a_step_are_neither_lost_nor_repeated()
    {
        foreach (var crash in (int[])[13, 14, 15, 27, 39, 40, 41])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), Every = 1, EvaluateEvery = null }, crash);
    }

    [Fact]
    public void Sums_go_on_within_a_step_with_what_they_count()
    {
        foreach (var crash in (int[])[2, 14, 39, 50])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), Every = 1, WithSums = true }, crash);
    }

    [Fact]
    public void Best_weights_of_the_final_phase_alone_resume_too()
    {
        foreach (var crash in (int[])[20, 40, 55])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), BestBeforeFinal = false }, crash);
    }

    [Fact]
    public void Batches_that_torchs_generator_orders_come_in_the_same_order()
    {
        foreach (var crash in (int[])[9, 13, 14, 30])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), Batches = () => new Rehearsal.Drawn() }, crash);
    }

    [Fact]
    public void Batches_that_can_begin_anywhere_are_not_enumerated_again()
    {
        var seekable = new List<Rehearsal.Seekable>();
        var rehearsal = new Rehearsal
        {
            Folder = _folder.Path,
            Batches = () =>
            {
                seekable.Add(new Rehearsal.Seekable());
                return seekable[^1];
            },
        };

        RequireSameEnd(rehearsal, 34);

        // The latest checkpoint is that of the best evaluation, after batch 30; an epoch has 13.
        Assert.Equal([(3, 4L)], seekable[^1].Resumed);
    }

    [Fact]
    public void A_model_without_adapters_resumes_too()
    {
        foreach (var crash in (int[])[8, 31])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), WithAdapters = false }, crash);
    }

    public static TheoryData<string> Optimizers => [.. Factories.Keys];

    private static readonly Dictionary<string, Func<IReadOnlyList<Parameter>, double, optim.Optimizer>> Factories = new(StringComparer.Ordinal)
    {
        ["adam"] = (p, lr) => optim.Adam(p, lr, amsgrad: true),
        ["adamw"] = (p, lr) => optim.AdamW(p, lr, amsgrad: true),
        ["sgd"] = (p, lr) => optim.SGD(p, lr),
        ["momentum"] = (p, lr) => optim.SGD(p, lr, momentum: 0.9),
        ["rmsprop"] = (p, lr) => optim.RMSProp(p, lr, momentum: 0.5),
        ["adagrad"] = (p, lr) => optim.Adagrad(p, lr),
        ["nadam"] = (p, lr) => optim.NAdam(p, lr),
        ["radam"] = (p, lr) => optim.RAdam(p, lr),
        ["asgd"] = (p, lr) => optim.ASGD(p, lr),
        ["adamax"] = (p, lr) => optim.Adamax(p, lr),
        ["adadelta"] = (p, lr) => optim.Adadelta(p, lr),
        ["own"] = (p, lr) => new OwnMomentum(p, lr),
        ["fused"] = (p, lr) => new FusedAdamW(p, lr),
    };

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Every_optimiser_goes_on_where_it_was(string name)
    {
        foreach (var crash in (int[])[12, 50])
            RequireSameEnd(new Rehearsal { Folder = Path.Combine(_folder.Path, $"{crash}"), Optimizer = Factories[name] }, crash);
    }

    [Fact]
    public void An_optimiser_whose_state_is_out_of_reach_is_refused_before_the_first_batch()
    {
        var rehearsal = new Rehearsal { Folder = _folder.Path, WithAdapters = false, Optimizer = (p, lr) => optim.LBFGS(p, lr) };

        var exception = Assert.Throws<NotSupportedException>(() => rehearsal.Run());

        Assert.Contains("LBFGS", exception.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(IOptimizerState), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_training_that_had_ended_does_nothing_more_and_still_has_its_best_weights()
    {
        var rehearsal = new Rehearsal { Folder = _folder.Path };
        var whole = rehearsal.Run();

        var again = rehearsal.Run(resume: true);

        Assert.Empty(again.Losses);
        Assert.Equal(StopReason.Completed, again.Result!.StopReason);
        Assert.Equal(whole.Weights, again.Weights);
        Assert.Equal(whole.Best, again.Best);
        Assert.Equal(whole.Result!.History.Select(Told), again.Result.History.Select(Told));
        Assert.Equal(whole.Result.StepMilliseconds, again.Result.StepMilliseconds);
    }

    [Fact]
    public void Saving_changes_nothing()
    {
        var rehearsal = new Rehearsal { Folder = _folder.Path, Every = 1 };

        var saved = rehearsal.Run();
        var unsaved = (rehearsal with { Saves = false }).Run();

        Assert.Equal(unsaved.Losses, saved.Losses);
        Assert.Equal(unsaved.Weights, saved.Weights);
    }

    private static void RequireSameEnd(Rehearsal rehearsal, int crashBefore)
    {
        var whole = (rehearsal with { Saves = false }).Run();
        var begun = rehearsal.Run(crashBefore: crashBefore);
        // Whatever the process has drawn in between.
        using (manual_seed(99))
        {
        }

        var resumed = rehearsal.Run(resume: true);

        Assert.Equal(whole.Losses.Take(begun.Losses.Count), begun.Losses);
        Assert.True(resumed.Losses.Count < whole.Losses.Count || crashBefore <= rehearsal.Every, "It began anew.");
        Assert.Equal(whole.Losses.TakeLast(resumed.Losses.Count), resumed.Losses);
        Assert.True(begun.Losses.Count + resumed.Losses.Count >= whole.Losses.Count, "Batches were left out.");
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Best, resumed.Best);
        Assert.NotEmpty(whole.Best);
        Assert.Equal((whole.LiveTriplets, whole.IsCompacted), (resumed.LiveTriplets, resumed.IsCompacted));
        Assert.Equal(whole.Result!.Evaluations.Select(Told), resumed.Result!.Evaluations.Select(Told));
        Assert.Equal(whole.Result.History.Select(Told), resumed.Result.History.Select(Told));
        Assert.Equal(whole.Result.StepMilliseconds.Count, resumed.Result.StepMilliseconds.Count);
    }

    // Everything but what the clock says.
    private static string Told(TrainingProgress progress) => string.Join(", ", typeof(TrainingProgress).GetProperties()
        .Where(property => property.Name is not (
                nameof(TrainingProgress.SamplesPerSecond) or nameof(TrainingProgress.TokensPerSecond) or nameof(TrainingProgress.Elapsed) or nameof(TrainingProgress.Remaining)))
        .Select(property => $"{property.Name} = {(property.GetValue(progress) is Evaluation evaluation ? Told(evaluation) : property.GetValue(progress))}"));

    private static (long Step, int Epoch, double Score) Told(Evaluation evaluation) => (evaluation.Step, evaluation.Epoch, evaluation.Score);

    /// <summary>Plain momentum, kept where nothing else can find it.</summary>
    private sealed class OwnMomentum : optim.Optimizer, IOptimizerState
    {
        private readonly IReadOnlyList<Parameter> _parameters;
        private readonly Tensor[] _momentum;
        private readonly Group _group;

        public OwnMomentum(IReadOnlyList<Parameter> parameters, double learningRate)
            : base(IntPtr.Zero)
        {
            _parameters = parameters;
            _momentum = [.. parameters.Select(p => zeros_like(p).detach().DetachFromDisposeScope())];
            _group = new Group { LearningRate = learningRate, InitialLearningRate = learningRate };
        }

        public override IEnumerable<optim.ILearningRateController> ParamGroups => [_group];

        public override IEnumerable<Parameter> parameters() => _parameters;

        public override void zero_grad()
        {
            foreach (var parameter in _parameters)
                parameter.grad?.zero_();
        }

        public override Tensor step(Func<Tensor>? closure = null)
        {
            using var noGrad = no_grad();
            foreach (var (parameter, momentum) in _parameters.Zip(_momentum))
            {
                momentum.mul_(0.9).add_(parameter.grad!);
                parameter.sub_(momentum * _group.LearningRate);
            }

            return null!;
        }

        public void Resize(Parameter parameter, Tensor origins)
        {
            var index = _parameters.ToList().FindIndex(p => ReferenceEquals(p, parameter));
            _momentum[index].set_(_momentum[index].index_select(0, origins.clamp(0)).masked_fill_(origins < 0, 0));
        }

        public IReadOnlyDictionary<string, Tensor> CaptureState() => _momentum.Select((m, i) => (m, i)).ToDictionary(p => $"momentum.{p.i}", p => p.m);

        public void ResumeState(IReadOnlyDictionary<string, Tensor> state)
        {
            for (var i = 0; i < _momentum.Length; i++)
                _momentum[i].set_(state[$"momentum.{i}"].clone());
        }

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Group : optim.ILearningRateController
        {
            public double LearningRate { get; set; }

            public double InitialLearningRate { get; set; }
        }
    }
}

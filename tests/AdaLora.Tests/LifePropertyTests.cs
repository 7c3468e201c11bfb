using System.Globalization;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.Checkpoints;
using CsCheck;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>
/// Random lives of adapters of one model, each act compared with a plain account of what must hold: ranks, budget, how many triplets are held, which weights these are, and what is final.
/// <c>ADALORA_LIVES</c> gives the number of lives.
/// </summary>
public sealed class LifePropertyTests
{
    private static readonly int Lives = int.TryParse(Environment.GetEnvironmentVariable("ADALORA_LIVES"), CultureInfo.InvariantCulture, out var lives) ? lives : 100;

    private static readonly Gen<(int First, int Second, double Target, int Initial, int Final, int Interval, int Seed, Act[] Acts)> Cases = Gen.Select(
        Gen.Int[0, 5], Gen.Int[1, 5], Gen.Double[0, 1], Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[1, 3], Gen.Int[0, 1000], Gen.Int[0, 31].Select(i => i < 12 ? Act.Step : (Act)((i - 12) % 16)).Array[4, 40]);

    private enum Act
    {
        Step,
        StepWithPartsCutOff,
        AccumulateOnly,
        Evaluate,
        Keep,
        Restore,
        Finish,
        Compact,
        CompactWithRefusal,
        SaveAndLoad,
        Resume,
        Merge,
        SelectOther,
        SelectNone,
        Detach,
        Move,
    }

    [Fact]
    public void Whatever_is_done_ranks_budget_weights_and_flags_are_what_they_should_be() => Cases.Sample(
        c =>
        {
            var budget = (int)(c.Target * (c.First + c.Second));
            var options = TinyTask.Options with
            {
                Overrides = ModuleOverridesOf(c.First, c.Second),
                TargetBudget = budget,
                Seed = c.Seed,
                InitialPhase = PhaseLength.Steps(c.Initial),
                FinalPhase = PhaseLength.Steps(c.Final),
                MaskInterval = c.Interval,
                Allocation = c.Seed % 2 == 0 ? AllocationStrategy.Reallocate(1 + (c.Seed % 5), 1 + (c.Seed % 3)) : AllocationStrategy.PruneToBudget,
            };
            using var life = new Life(options, c.Seed);
            foreach (var act in c.Acts)
                life.Do(act);
        },
        iter: Lives,
        threads: 1);

    private static ModuleOverrides ModuleOverridesOf(int first, int second) => ModuleOverrides.None.With("first", initialRank: first).With("second", initialRank: second);

    /// <summary>One adapter and what is expected of it.</summary>
    private sealed class Subject : IDisposable
    {
        public Subject(AdaLoraModel adapted, int seed)
        {
            Adapted = adapted;
            Target = new AdaptedTarget(adapted);
            // One that is not named follows compaction alone.
            var isNamed = Resizes || seed % 3 > 0;
            Optimizer = isNamed && seed % 4 < 2 ? new FusedAdamW(adapted.TrainableParameters, 1e-2) : optim.AdamW(adapted.TrainableParameters, 1e-2);
            if (isNamed)
                adapted.UseOptimizer(Optimizer);
            Is = (adapted.LiveTriplets, adapted.LiveTriplets, false, false);
        }

        public AdaLoraModel Adapted { get; }

        public AdaptedTarget Target { get; }

        public optim.Optimizer Optimizer { get; }

        public bool Resizes => Adapted.Options.Allocation != AllocationStrategy.PruneToBudget;

        public long Steps { get; set; }

        public (int Live, int Held, bool IsFinal, bool IsCompacted) Is { get; set; }

        public (int Live, int Held, bool IsFinal, bool IsCompacted) Now => (Adapted.LiveTriplets, Adapted.Adapters.Sum(a => a.Rank), Adapted.IsFrozen, Adapted.IsCompacted);

        public double[] Outputs { get; set; } = [];

        public (IWeightSnapshot Weights, (int Live, int Held, bool IsFinal, bool IsCompacted) Is, double[] Outputs)? Kept { get; set; }

        public bool IsWithinStep { get; set; }

        public void Dispose()
        {
            Kept?.Weights.Dispose();
            Optimizer.Dispose();
            Adapted.Dispose();
        }
    }

    private sealed class Life : IDisposable
    {
        private const int Total = 14;
        private readonly AdaLoraOptions _options;
        private readonly TinyModel _model = new();
        private readonly AdapterSet _set;
        private readonly double[] _plain;
        private readonly Dictionary<string, Subject> _subjects = new(StringComparer.Ordinal);
        private readonly int _seed;
        private int _batches;

        public Life(AdaLoraOptions options, int seed)
        {
            (_options, _seed, _batches) = (options, seed, seed);
            _plain = TrainedTiny.Outputs(_model);
            _set = new AdapterSet(_model);
            Add("one");
        }

        private Subject? Current => _set.Selected is { } name ? _subjects[name] : null;

        public void Do(Act act)
        {
            using var scope = NewDisposeScope();
            if (Current is { } subject)
                Do(act, subject);
            else if (act is not Act.SelectNone)
                SelectOther();
            Check();
        }

        private void Do(Act act, Subject s)
        {
            var adapted = s.Adapted;
            var isWithinStep = s.IsWithinStep;
            switch (act)
            {
                case Act.Step or Act.StepWithPartsCutOff:
                    Step(s, cutsOff: act == Act.StepWithPartsCutOff);
                    break;
                case Act.AccumulateOnly when adapted.Adapters.Sum(a => a.Rank) > 0:
                    Backward(_model);
                    s.IsWithinStep = true;
                    break;
                case Act.Evaluate:
                    Assert.Equal(s.Outputs, Outputs(_model));
                    Assert.Equal(s.Is.Live, adapted.Report().Modules.Sum(m => m.LiveRank));
                    break;
                case Act.Keep:
                    s.Kept?.Weights.Dispose();
                    s.Kept = (s.Target.Capture(), s.Is, s.Outputs);
                    break;
                case Act.Restore when s.Kept is { } kept:
                    kept.Weights.Restore();
                    (s.Is, s.Outputs) = (kept.Is, Close(kept.Outputs, Outputs(_model), 1e-6));
                    break;
                case Act.Finish when s.Steps == 0:
                    Assert.Throws<InvalidOperationException>(adapted.Finish);
                    break;
                case Act.Finish:
                    adapted.Finish();
                    s.Is = s.Is with { IsFinal = true, Live = adapted.Schedule!.TargetBudget };
                    s.Outputs = Outputs(_model);
                    break;
                case Act.Compact when !s.Is.IsFinal:
                    Assert.Throws<InvalidOperationException>(() => adapted.Compact(s.Optimizer));
                    break;
                case Act.Compact:
                    // Moments of another size than the triplets, as after weights of before were put back, are not touched.
                    adapted.Compact(s.Optimizer);
                    s.Is = s.Is with { IsCompacted = true, Held = s.Is.IsCompacted ? s.Is.Held : s.Is.Live };
                    s.Outputs = Close(s.Outputs, Outputs(_model), 1e-5);
                    break;
                case Act.CompactWithRefusal when s.Is is { IsFinal: true, IsCompacted: false }:
                    using (var stranger = optim.AdamW(_model.parameters()))
                        Assert.Throws<ArgumentException>(() => adapted.Compact(stranger));
                    break;
                case Act.SaveAndLoad when !(s.Steps == 0 && isWithinStep):
                    SaveAndLoad(s);
                    break;
                case Act.Resume:
                    Resume(s);
                    break;
                case Act.Merge when !(s.Steps == 0 && isWithinStep):
                    adapted.Merge();
                    Close(s.Outputs, Outputs(_model), 1e-4);
                    Assert.Throws<InvalidOperationException>(() => adapted.Compact());
                    Assert.Throws<InvalidOperationException>(() => _set.Select(null));
                    adapted.Unmerge();
                    break;
                case Act.SelectOther:
                    SelectOther();
                    break;
                case Act.SelectNone:
                    _set.Select(null);
                    break;
                case Act.Detach:
                    Detach(s);
                    break;
                case Act.Move when s.Resizes && !s.Is.IsFinal && s.Is.Live > 0:
                    Move(s);
                    break;
            }
        }

        // As a strategy might, but whatever the scores say.
        private void Move(Subject s)
        {
            var random = new Random(_batches);
            var kept = Enumerable.Range(0, s.Is.Held).Select(_ => random.Next(4) > 0).ToArray();
            var names = s.Adapted.Adapters.Select(a => a.Slot.Name).ToList();
            var added = Enumerable.Range(0, kept.Count(k => !k)).Select(_ => names[random.Next(names.Count)]).CountBy(n => n).ToDictionary(n => n.Key, n => n.Value);
            s.Adapted.Move(new Allotment(kept, added));
            s.Outputs = kept.All(k => k) ? s.Outputs : Outputs(_model);
        }

        private void Check()
        {
            if (Current is not { } s)
            {
                Assert.Equal(_plain, Outputs(_model));
                return;
            }

            var adapted = s.Adapted;
            Assert.Equal(s.Is, s.Now);
            Assert.Equal(s.Steps, adapted.Step);
            Assert.Equal(s.Is.Live, adapted.ReadPattern().Total);
            Assert.Equal(adapted.Adapters.Select(a => a.Slot), adapted.Adapters.Select(a => adapted.Bank.Layout[a.Slot.Name]));
            var values = adapted.TrainableParameters[0];
            Assert.Equal(adapted.Adapters.Sum(a => a.Rank * (a.Slot.Shape.OutFeatures + a.Slot.Shape.InFeatures + 1)), values.numel());
            Assert.Equal(values.numel(), adapted.Tracker.Sensitivity.numel());
            Assert.Equal(values.numel(), values.grad!.numel());
            foreach (var (view, of) in adapted.Adapters.SelectMany(a => a.Views))
            {
                Assert.Equal(Numbers(of(values.detach())), Numbers(view.detach()));
                Assert.True(view.grad is null || view.grad.shape.SequenceEqual(view.shape));
            }

            Close(s.Outputs, Outputs(_model), 1e-6);
        }

        private void Step(Subject s, bool cutsOff)
        {
            if (!s.IsWithinStep)
                s.Optimizer.zero_grad();
            if (cutsOff && !s.IsWithinStep)
                _model.named_children().First().module.zero_grad(set_to_none: true);
            Backward(_model);
            s.Adapted.BeforeOptimizerStep(1.0);
            // After weights of before were put back, moments are of another size.
            if (Fits(s))
                s.Optimizer.step();
            s.Adapted.AfterOptimizerStep();
            s.IsWithinStep = false;
            s.Optimizer.zero_grad();
            var (schedule, t) = (s.Adapted.Schedule!, s.Steps++);
            if (!s.Is.IsFinal && t >= schedule.FreezeStep)
                s.Is = s.Is with { IsFinal = true, Live = schedule.TargetBudget };
            else if (!s.Is.IsFinal && schedule.MasksAt(t))
                s.Is = s.Is with { Live = schedule.BudgetAt(t), Held = s.Resizes ? schedule.BudgetAt(t) : s.Is.Held };
            s.Outputs = Outputs(_model);
        }

        private static bool Fits(Subject s) =>
            OptimizerFields.StatesOf(s.Optimizer) is not [{ } first, ..] || OptimizerFields.Of(first).Select(f => f.GetValue(first)).OfType<Tensor>().All(t => t.numel() == s.Adapted.TrainableParameters[0].numel());

        private static void SaveAndLoad(Subject s)
        {
            using var folder = new TemporaryFolder();
            s.Adapted.Save(folder.Path);
            using var model = new TinyModel();
            using var loaded = AdaLoraModel.Load(model, folder.Path);
            Close(s.Outputs, Outputs(model), 1e-5);
            var isSettled = s.Is.IsFinal || (!s.Resizes && s.Adapted.Schedule!.InitialBudget == s.Adapted.Schedule.TargetBudget);
            Assert.Equal(s.Is.IsFinal ? s.Is.Live : s.Is.Held, loaded.Adapters.Sum(a => a.Rank));
            // Where nothing is to be pruned, a pattern says all that there is to say.
            if (s.Is.IsFinal || !isSettled)
                Assert.Equal(s.Is.IsFinal, loaded.IsFrozen);
            loaded.Begin(Total * 2);
            Assert.Equal(s.Is.IsFinal ? s.Is.Live : s.Adapted.Schedule!.TargetBudget, loaded.Schedule!.TargetBudget);
        }

        private void Resume(Subject s)
        {
            var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            var state = new StateTable(tensors);
            using (no_grad())
            {
                s.Target.Save(state.Part("model"), s.IsWithinStep);
                new OptimizerState(s.Optimizer).Save(state.Part("optimizer"));
            }

            using var model = new TinyModel();
            using var other = new Subject(Begun(AdaLoraModel.Attach(model, _options)), _seed);
            other.Target.Resume(state.Part("model"));
            if (!Fits(s))
                return;
            new OptimizerState(other.Optimizer).Resume(state.Part("optimizer"));
            Assert.Equal(s.Is, other.Now);
            Close(s.Outputs, Outputs(model), 1e-6);

            // The next step is the same in both.
            if (!s.IsWithinStep)
            {
                other.Optimizer.zero_grad();
                s.Optimizer.zero_grad();
            }

            var batch = _batches;
            model.train();
            Backward(model);
            other.Adapted.BeforeOptimizerStep(1.0);
            other.Optimizer.step();
            other.Adapted.AfterOptimizerStep();
            _batches = batch;
            Step(s, cutsOff: false);
            Close(s.Outputs, Outputs(model), 1e-5);
            Assert.Equal((s.Is, s.Steps), (other.Now, other.Adapted.Step));
            Assert.All(s.Adapted.Adapters, a => Assert.Equal(s.Adapted.ReadPattern()[a.Slot.Name], other.Adapted.ReadPattern()[a.Slot.Name]));
        }

        private void Detach(Subject s)
        {
            var name = _set.Selected!;
            // By hand, or by the set.
            if (s.Steps % 2 == 0)
                s.Adapted.Detach();
            _set.Delete(name);
            _subjects.Remove(name);
            s.Dispose();
            Assert.Equal(_plain, Outputs(_model));
            if (_subjects.Count == 0)
                Add(name);
        }

        private void SelectOther()
        {
            var names = _set.Names;
            if (names.Count < 2)
                Add(names.Contains("one") ? "two" : "one");
            else
                _set.Select(names.First(n => n != _set.Selected));
        }

        private void Add(string name)
        {
            _subjects.Add(name, new Subject(Begun(_set.Add(name, _options)), _seed) { Outputs = Outputs(_model) });
        }

        private static AdaLoraModel Begun(AdaLoraModel adapted)
        {
            adapted.Begin(Total);
            return adapted;
        }

        private void Backward(TinyModel model)
        {
            model.train();
            using var scope = NewDisposeScope();
            TinyTask.Loss(model, TinyTask.Batches(1, seed: ++_batches).Single()).backward();
        }

        private static double[] Outputs(TinyModel model)
        {
            var before = model.training;
            var outputs = TrainedTiny.Outputs(model);
            model.train(before);
            return outputs;
        }

        private static double[] Close(double[] expected, double[] actual, double precision)
        {
            Assert.All(expected.Zip(actual), o => Assert.Equal(o.First, o.Second, precision * (1 + Math.Abs(o.First))));
            return actual;
        }

        private static float[] Numbers(Tensor tensor) => tensor.numel() == 0 ? [] : tensor.contiguous().data<float>().ToArray();

        public void Dispose()
        {
            _set.Dispose();
            foreach (var subject in _subjects.Values)
                subject.Dispose();
            _model.Dispose();
        }
    }
}

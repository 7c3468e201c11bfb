using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Tests.Models;
using CsCheck;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Lives;

/// <summary>Adapters of one model, to which acts are done.</summary>
internal sealed partial class RandomLife : IDisposable
{
    private const int Total = 14;
    private readonly AdaLoraOptions _options;
    private readonly TinyModel _model = new();
    private readonly AdapterSet _set;
    private readonly double[] _plain;
    private readonly Dictionary<string, Subject> _subjects = new(StringComparer.Ordinal);
    private readonly int _seed;
    private int _batches;

    public RandomLife(AdaLoraOptions options, int seed)
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
                // Moments whose size differs from that of the triplets, as after earlier weights were restored, are not touched.
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

    private void Step(Subject s, bool cutsOff)
    {
        if (!s.IsWithinStep)
            s.Optimizer.zero_grad();
        if (cutsOff && !s.IsWithinStep)
            _model.named_children().First().module.zero_grad(set_to_none: true);
        Backward(_model);
        s.Adapted.BeforeOptimizerStep(1.0);
        // After earlier weights were restored, the moments have a different size.
        if (Fits(s))
            s.Optimizer.step();
        s.Adapted.AfterOptimizerStep();
        s.IsWithinStep = false;
        s.Optimizer.zero_grad();
        var (schedule, t) = (s.Adapted.Schedule!, s.Steps++);
        if (!s.Is.IsFinal && t >= schedule.FirstFinalStep)
            s.Is = s.Is with { IsFinal = true, Live = schedule.TargetBudget };
        else if (!s.Is.IsFinal && schedule.MasksAt(t))
            s.Is = s.Is with { Live = schedule.BudgetAt(t), Held = s.Resizes ? schedule.BudgetAt(t) : s.Is.Held };
        s.Outputs = Outputs(_model);
    }

    private static bool Fits(Subject s) =>
        OptimizerFields.StatesOf(s.Optimizer) is not [{ } first, ..]
            || OptimizerFields.Of(first).Select(f => f.GetValue(first)).OfType<Tensor>().All(t => t.numel() == s.Adapted.TrainableParameters[0].numel());

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

    public void Dispose()
    {
        _set.Dispose();
        foreach (var subject in _subjects.Values)
            subject.Dispose();
        _model.Dispose();
    }
}

using System.Reflection;
using AdaLora.Bank;
using AdaLora.Safetensors;
using AdaLora.Tests.Models;
using AdaLora.Training;
using AdaLora.Training.Checkpoints;
using static TorchSharp.torch;

namespace AdaLora.Tests.Bank;

/// <summary>A tiny adapted model in training, with everything that follows its bank as bytes.</summary>
internal sealed class Life : IDisposable
{
    private int _batches = 10;

    public Life(string optimizer, AdaLoraOptions? options = null, Action<TripletBank>? beforeOptimizer = null)
    {
        Adapted = AdaLoraModel.Attach(Model, (options ?? TinyTask.Options) with { TotalSteps = 28 });
        Target = new AdaptedTarget(Adapted);
        Optimizer = optimizer switch
        {
            "fused" => new FusedAdamW(Adapted.TrainableParameters, 1e-2),
            "adamw" => optim.AdamW(Adapted.TrainableParameters, 1e-2),
            _ => (optim.Optimizer)optim.SGD(Adapted.TrainableParameters, 0.1, momentum: 0.9),
        };
        beforeOptimizer?.Invoke(Adapted.Bank);
        Adapted.UseOptimizer(Optimizer);
    }

    public TinyModel Model { get; } = new();

    public AdaLoraModel Adapted { get; }

    public AdaptedTarget Target { get; }

    public optim.Optimizer Optimizer { get; }

    public TripletBank Bank => Adapted.Bank;

    public void Train(int steps)
    {
        using var scope = NewDisposeScope();
        foreach (var batch in TinyTask.Batches(steps, seed: _batches += 1))
            TinyTask.Step(Adapted, Model, Optimizer, batch);
    }

    /// <summary>Drops and adds triplets by hand, as a strategy would.</summary>
    public void Resize(Func<int, bool> keeps, params (string Name, int Added)[] added) => Resize(Bank, keeps, added);

    public static void Resize(TripletBank bank, Func<int, bool> keeps, params (string Name, int Added)[] added)
    {
        using var scope = NewDisposeScope();
        var steps = new Transition();
        bank.Resize(bank.Roster.Resize(Enumerable.Range(0, bank.Layout.Triplets).Select(keeps).ToArray(), added.ToDictionary(a => a.Name, a => a.Added)), values: null, steps);
        steps.Run();
    }

    public IWeightSnapshot? Kept { get; private set; }

    public void Keep() => Kept = Target.Capture();

    public void Do(string change)
    {
        switch (change)
        {
            case "compact":
                Adapted.Compact();
                break;
            case "grow":
                Resize(i => i != 1, ("second", 2));
                break;
            case "restore":
                Kept!.Restore();
                break;
            case "resume":
                using (var other = new Life("adamw"))
                using (NewDisposeScope())
                {
                    other.Train(3);
                    other.Resize(i => i > 1, ("first", 4));
                    other.Train(1);
                    var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
                    using (no_grad())
                        other.Target.Save(new StateTable(tensors), isWithinStep: false);
                    Target.Resume(new StateTable(tensors));
                }

                break;
        }
    }

    /// <summary>What the optimiser remembers per element, by name.</summary>
    public Dictionary<string, float[]> Moments()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        using (no_grad())
            new OptimizerState(Optimizer).Save(new StateTable(tensors));
        return tensors.Where(t => t.Key.StartsWith("0.", StringComparison.Ordinal) && t.Value.numel() > 1).ToDictionary(t => t.Key, t => t.Value.data<float>().ToArray());
    }

    /// <summary>The whole state, as strings that can be compared.</summary>
    public SortedDictionary<string, string> Everything()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var state = new StateTable(tensors);
        Target.Save(state.Part("model"), isWithinStep: true);
        new OptimizerState(Optimizer).Save(state.Part("optimizer"));
        var told = tensors.ToDictionary(t => t.Key, t => $"({string.Join(", ", t.Value.shape)}) {Convert.ToHexString(t.Value.contiguous().bytes)}");
        var all = new SortedDictionary<string, string>(told, StringComparer.Ordinal)
        {
            ["flags"] = $"{Adapted.LiveTriplets} {Adapted.IsPatternFinal} {Adapted.IsCompacted} {Adapted.Step} {Adapted.HasGrown}",
            ["numbers"] = string.Join(' ', Bank.Roster.Numbers),
        };
        foreach (var adapter in Adapted.Adapters)
            all[$"views of {adapter.Slot.Name}"] = $"{adapter.Slot} {string.Join("; ", adapter.Views.Select(view => Told(view.View)))}";
        return all;

        static string Told(Tensor view) =>
            $"{string.Join(' ', view.shape)} at {view.storage_offset()}, "
            + $"{string.Join(' ', view.grad!.shape)} at {view.grad!.storage_offset()}, {Convert.ToHexString(view.detach().contiguous().bytes)}";
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        Adapted.Dispose();
        Model.Dispose();
    }

    /// <summary>A follower that fails when it is notified or when its step is taken, which it puts among those of the others or after them all.</summary>
    public sealed class Bomb : IBankFollower
    {
        private static readonly FieldInfo Steps = typeof(Transition).GetField("_steps", BindingFlags.NonPublic | BindingFlags.Instance)!;

        public const int WhenTold = -1, AfterAll = int.MaxValue;

        /// <summary>Null while it does not fail.</summary>
        public int? At { get; set; }

        /// <summary>How many steps there were when it was last notified.</summary>
        public int Seen { get; private set; }

        public void AddTo(TripletBank bank) => bank.AddFollower(this);

        public void Follow(BankChange change, Transition steps)
        {
            var list = (List<(Action Take, Action Undo)>)Steps.GetValue(steps)!;
            Seen = list.Count;
            if (At == WhenTold)
                throw new BombException();
            if (At == AfterAll)
                steps.AddLast(() => throw new BombException());
            else if (At is { } at)
                list.Insert(at, (() => throw new BombException(), () => { }));
        }
    }

    public sealed class BombException : Exception;
}

using System.Text.Json;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.TestSupport;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

/// <summary>A bank for the matrices that a reference file lists, and transfer between it and the file's A, E, B.</summary>
internal sealed class GoldenMatrices : IDisposable
{
    private readonly IReadOnlyList<string> _listed;

    public GoldenMatrices(JsonElement matrices, ScalarType dtype)
    {
        var shapes = matrices.EnumerateArray()
            .Select(m => new TripletShape(m.GetProperty("name").GetString()!, m.GetProperty("out_features").GetInt64(), m.GetProperty("in_features").GetInt64(), m.GetProperty("rank").GetInt32()))
            .ToList();
        _listed = [.. shapes.Select(s => s.Name)];
        Bank = TripletBank.Create(BankLayout.Create(shapes), dtype, TestDevice.Current);
    }

    public TripletBank Bank { get; }

    public IReadOnlyList<string> Names => _listed;

    public static void Write(Tensor flat, TripletSlot slot, Tensor a, Tensor e, Tensor b)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        flat.Right(slot).copy_(a);
        flat.Lambda(slot).copy_(e);
        flat.Left(slot).copy_(b);
    }

    public static void Compare(GoldenSet golden, string prefix, long step, Tensor flat, TripletSlot slot, double tolerance)
    {
        using var scope = NewDisposeScope();
        foreach (var (part, view) in (IEnumerable<(string, Tensor)>)[("A", flat.Right(slot)), ("E", flat.Lambda(slot)), ("B", flat.Left(slot))])
            Close.RelativeToMaximum(golden.At($"{prefix}.{slot.Name}.{part}", step), view, tolerance, $"{prefix}.{slot.Name}.{part} at {step}");
    }

    /// <summary>Puts values or gradients of one step into a flat buffer.</summary>
    public void Load(GoldenSet golden, string prefix, long step, Tensor flat)
    {
        foreach (var slot in Bank.Layout.Slots)
            Write(flat, slot, golden.At($"{prefix}.{slot.Name}.A", step), golden.At($"{prefix}.{slot.Name}.E", step), golden.At($"{prefix}.{slot.Name}.B", step));
    }

    /// <summary>One vector over all triplets in the file's order of matrices.</summary>
    public Tensor InListedOrder(Tensor perTriplet) =>
        cat([.. _listed.Select(n => Bank.Layout[n]).Select(s => perTriplet.narrow(0, s.First, s.Rank))]);

    public IReadOnlyList<bool> InListedOrder(RankPattern pattern) => [.. _listed.SelectMany(n => pattern[n])];

    public void Dispose() => Bank.Dispose();
}

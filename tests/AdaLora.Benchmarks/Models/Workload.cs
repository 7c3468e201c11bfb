using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>What a contender has to work on.</summary>
/// <param name="Model">The classifier.</param>
/// <param name="Batch">Texts per step.</param>
/// <param name="Length">Tokens per text; there is no padding.</param>
/// <param name="Dropout">Dropout before the adapters.</param>
/// <param name="Base">Element type of the frozen weights under AdaLoRA's adapters.</param>
internal sealed record Workload(BenchmarkModel Model, int Batch, int Length, double Dropout, ScalarType Base)
{
    public string Title => FormattableString.Invariant($"{Model.Name}, {Batch} x {Length}, dropout {Dropout}, {ElementTypes.NameOf(Base)}");
}

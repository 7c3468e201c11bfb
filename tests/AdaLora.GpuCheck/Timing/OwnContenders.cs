using AdaLora.Benchmarks;
using AdaLora.Experiments.Methods;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>This project's contenders.</summary>
internal static class OwnContenders
{
    public const string WarmUp = "AdaLoRA, warm-up";
    public const string Budgeting = "AdaLoRA, budgeting, deltaT 1";
    public const string Compacted = "AdaLoRA, compacted";
    public const string InitialLora = "LoRA r 12";
    public const string FinalLora = "LoRA r 8";
    public const string ProductsOnly = "AdaLoRA, deltaT 1, only products in bf16";

    /// <summary>All of them, made when they are enumerated.</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="dtype">Element type of its weights and activations.</param>
    public static IEnumerable<Contender> Of(CardModel model, ScalarType dtype)
    {
        var workload = model.Workload(dtype);
        yield return Contender.AdaLora(WarmUp, workload, classifier => AdapterPlan.WarmUp(classifier, CardModel.Dropout));
        yield return Contender.AdaLora(Budgeting, workload, classifier => AdapterPlan.Budgeting(classifier, CardModel.Dropout, maskInterval: 1));
        yield return Contender.AdaLora("AdaLoRA, budgeting, deltaT 10", workload, classifier => AdapterPlan.Budgeting(classifier, CardModel.Dropout, maskInterval: 10));
        yield return Contender.AdaLora(Compacted, workload, classifier => AdapterPlan.Final(classifier, CardModel.Dropout));
        yield return Contender.Plain(InitialLora, workload, TrainingMethods.Lora, AdapterPlan.InitialRank);
        yield return Contender.Plain(FinalLora, workload, TrainingMethods.Lora, AdapterPlan.TargetRank);
        yield return Contender.Plain("head alone", workload, TrainingMethods.Frozen);
        if (dtype == ScalarType.BFloat16)
            yield return Contender.AdaLora(ProductsOnly, model.Workload(ScalarType.Float32, products: dtype), classifier => AdapterPlan.Budgeting(classifier, CardModel.Dropout, maskInterval: 1));
    }
}

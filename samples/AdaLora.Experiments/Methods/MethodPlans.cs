using System.Globalization;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AdaLora.Experiments.Methods;

/// <summary>Says what methods would train.</summary>
internal static class MethodPlans
{
    /// <summary>The library's own plan, for methods that attach an <see cref="AdaLoraModel"/>.</summary>
    public static RunPlan Of(BaseModel model, AdaLoraOptions options)
    {
        var plan = AdaLoraModel.Plan(model.Module, options);
        return new RunPlan(plan.ToString(), plan.Problems.Count == 0);
    }

    /// <summary>The parameters that require gradients once a method is attached.</summary>
    public static RunPlan Of(BaseModel model, RunSettings settings, Func<BaseModel, RunSettings, ILogger, MethodAttachment> attach)
    {
        using var attachment = attach(model, settings, NullLogger.Instance);
        var parameters = model.Module.named_parameters().ToList();
        var trained = parameters.Where(p => p.parameter.requires_grad).ToList();
        var width = trained.Select(p => p.name.Length).DefaultIfEmpty().Max();
        string[] lines =
        [
            $"trained: {Count(trained.Count)} tensors",
            .. trained.Select(p => $"  {p.name.PadRight(width)}  {string.Join(" x ", p.parameter.shape)}"),
            $"parameters: {Count(attachment.TrainableParameters)} trained of {Count(parameters.Sum(p => p.parameter.numel()))}, including those that the method adds",
        ];
        return new RunPlan(string.Join(Environment.NewLine, lines) + Environment.NewLine, IsPossible: true);
    }

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

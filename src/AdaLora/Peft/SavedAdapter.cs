using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Internals;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Peft;

/// <summary>An adapter on disk, checked against a model before anything is changed.</summary>
internal sealed class SavedAdapter : IDisposable
{
    private readonly string _folder;
    private readonly SavedConfig _config;
    private readonly SafetensorsFile _file;

    /// <exception cref="InvalidDataException">A file is missing or the configuration cannot be followed.</exception>
    /// <exception cref="SafetensorsException">The weights break the format.</exception>
    public SavedAdapter(string folder)
    {
        _folder = folder;
        var path = AdapterFolder.Find(folder, AdapterFolder.ConfigFile);
        _config = SavedConfig.Parse(RegularFile.ReadAllBytes(path), path);
        _file = SafetensorsFile.Open(AdapterFolder.Find(folder, AdapterFolder.WeightsFile));
        try
        {
            _config.TargetBudget = UnsettledRanks.Read(_file);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Fields of the configuration that are set and not known.</summary>
    public IReadOnlyList<string> UnknownFields => _config.UnknownFields;

    /// <summary>What <see cref="SavedFit.Untied"/> tells of the model that was adapted.</summary>
    public IReadOnlyList<string> Untied { get; private set; } = [];

    /// <summary>Adapts a model and fills the adapters.</summary>
    /// <param name="model">Unchanged if anything fails.</param>
    /// <param name="attach">Attaches adapters of the prescribed ranks.</param>
    /// <exception cref="InvalidDataException">The adapter does not fit the model; everything that does not is listed.</exception>
    public AdaLoraModel AttachTo(nn.Module model, Func<AdaLoraOptions, Blueprint, AdapterOrigin, AdaLoraModel> attach)
    {
        var fit = new SavedFit(model, _config, _file.Entries);
        if (fit.Problems.Count > 0)
            throw new InvalidDataException($"The adapter in '{_folder}' does not fit the model: {string.Join("; ", fit.Problems)}.");

        Untied = fit.Untied;
        var ranks = fit.Modules.ToDictionary(n => n, n => _config.RankOf(n), StringComparer.Ordinal);
        var options = _config.Training(ranks.Count, ranks.Values.Sum(), TargetModules.Exactly(fit.Modules), fit.TrainedModules);
        try
        {
            options.Validate();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"The configuration of the adapter in '{_folder}' cannot be followed. {e.Message}", e);
        }

        var pattern = RankPattern.From(fit.Modules.Select(n => KeyValuePair.Create(n, _config.PatternOf(n))));
        var blueprint = new Blueprint(ranks, fit.Modules.ToDictionary(n => n, _config.ScaleOf, StringComparer.Ordinal), fit.TrainedModules);
        var adapted = attach(options, blueprint, new AdapterOrigin(_config, pattern));
        try
        {
            Fill(adapted, fit);
            return adapted;
        }
        catch
        {
            adapted.Detach();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Fill(AdaLoraModel adapted, SavedFit fit)
    {
        foreach (var adapter in adapted.Adapters)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var stored = _config.Endings.Select(ending => Read(PeftName.Prefix + adapter.Slot.Name + ending, scope)).ToArray();
            var (right, lambda, left) = stored.Length == 3 ? (stored[0], stored[1], stored[2]) : SingularTriplets.Of(stored[0].flatten(1), stored[1].flatten(1));
            foreach (var ((view, _), value) in adapter.Views.Zip([right, lambda, left]))
                view.copy_(value);
        }

        foreach (var (stored, target) in fit.Others)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            target.copy_(Read(stored, scope));
        }
    }

    private Tensor Read(string name, TorchSharp.DisposeScope scope)
    {
        var tensor = _file.Read(name);
        scope.Attach(tensor);
        return tensor;
    }
}

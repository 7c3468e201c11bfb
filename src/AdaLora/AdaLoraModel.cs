using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Injection;
using AdaLora.Training;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>
/// A TorchSharp model with AdaLoRA adapters. In a custom loop, a training step is
/// <code>
/// loss.backward();
/// if (adapted.BeforeOptimizerStep(maxGradientNorm: 1.0).ReadIsFinite()) optimizer.step();
/// adapted.AfterOptimizerStep();
/// optimizer.zero_grad();
/// </code>
/// with an optimiser over <see cref="TrainableParameters"/>; <see cref="Trainer"/> does the same. Not thread-safe.
/// </summary>
public sealed partial class AdaLoraModel : ITrainable, IDisposable
{
    private readonly InjectedLayers _injection;
    private readonly TrainableSelection _selection;
    private readonly IReadOnlyList<RowTraining> _rows;
    private readonly IReadOnlyList<SvdAdapter> _adapters;
    private readonly AdapterActivity _activity;
    private readonly TripletBank _bank;
    private readonly TiedParameters _tied;
    private readonly BaseBuffers _buffers;
    private readonly GradientBinder _binder;
    private readonly SharedFactors _factors;
    private readonly GradientNorm _norm;
    private readonly ImportanceTracker _tracker;
    private readonly OrthogonalityRegularizer _regularizer;
    private readonly Tensor _penalty;
    private readonly Tensor _knownLambdas;
    private readonly AllocationTerms _terms;
    private readonly AdapterOrigin? _origin;
    private readonly ILogger _logger;
    private RankAllocator? _allocator;
    private OptimizerFollower? _optimizer;
    private TripletParameters? _parts;
    private TrainingModes? _modes;
    private bool _isFreed;
    private bool _betweenCalls;

    internal AdaLoraModel(AdaLoraOptions options, InjectedLayers injection, TrainableSelection selection, IReadOnlyList<RowTraining> rows, AdapterActivity activity, TripletBank bank, ILogger logger,
        AdapterOrigin? origin)
    {
        using var scope = NewDisposeScope();
        Model = injection.Model;
        Options = options;
        _terms = options.TermsFor(injection.Sites.Select(site => (site.Path, site.Names)));
        _tied = new TiedParameters([.. selection.Parameters.Select(p => p.Parameter)]);
        TrainableParameters = [bank.Values, .. _tied.Distinct, .. rows.Select(own => own.Values)];
        _rows = rows;
        _injection = injection;
        _selection = selection;
        _adapters = [.. injection.Adapters.Cast<SvdAdapter>()];
        _activity = activity;
        _bank = bank;
        _buffers = new BaseBuffers(injection.Model, injection.Sites, selection.FullyTrainedModules);
        _origin = origin;
        _logger = logger;
        _binder = new GradientBinder(bank, _adapters);
        _factors = new SharedFactors(bank, _adapters, _binder, activity.Failure);
        _norm = new GradientNorm(TrainableParameters);
        _tracker = new ImportanceTracker(bank, options.Beta1, options.Beta2, options.Score.TracksSquaredGradients);
        bank.AddFollower(_tracker);
        bank.AddFollower(_binder);
        bank.AddFollower(_factors);
        _regularizer = new OrthogonalityRegularizer(bank, options.OrthogonalityWeight, options.OrthogonalityForm);
        _penalty = bank.Gradients.new_zeros([]).DetachFromDisposeScope();
        _knownLambdas = bank.Values.Lambdas(bank.Layout).detach().clone().DetachFromDisposeScope();
        _activity.Factors = _factors;
        _activity.StartedTraining = () => _modes ??= new TrainingModes(Model);
        _activity.LeavingTraining = LeaveTraining;
        if (options.TotalSteps is { } total)
            Begin(total);
    }

    /// <summary>The model, with its adapted layers replaced by <see cref="SvdAdapter"/>.</summary>
    public nn.Module Model { get; }

    /// <summary>The options the model was adapted with.</summary>
    public AdaLoraOptions Options { get; }

    /// <summary>
    /// What to pass to an optimiser: one parameter for all triplets, then the parameters that are trained in full and the rows that are trained by themselves. Of tied parameters only one is
    /// included; it receives the gradients of the others in <see cref="BeforeOptimizerStep"/>.
    /// </summary>
    public IReadOnlyList<Parameter> TrainableParameters { get; }

    /// <summary>
    /// The triplets of <see cref="TrainableParameters"/> in their parts, created when first read: for optimisers other than <see cref="FusedAdamW"/> that should give lambda a learning rate of
    /// its own, in a parameter group. Such an optimiser trains these instead of the first of <see cref="TrainableParameters"/>, and all others with them.
    /// </summary>
    public TripletParameters TripletParameters
    {
        get
        {
            RequireState();
            if (_parts is null)
            {
                _parts = new TripletParameters(_bank);
                _bank.AddFollower(_parts);
            }

            return _parts;
        }
    }

    /// <summary>The adapters, in model order.</summary>
    public IReadOnlyList<SvdAdapter> Adapters => _adapters;

    /// <summary>Optimiser steps done.</summary>
    public long Step { get; private set; }

    /// <summary>The budget over time; null until the total number of steps is known.</summary>
    public BudgetSchedule? Schedule => _allocator?.Schedule;

    /// <summary>Decides which triplets live; its schedule, scores and pattern can be inspected from a custom loop. Null until the total number of steps is known.</summary>
    public RankAllocator? Allocator => _allocator;

    /// <summary>Keeps P and Q close to orthogonal. Its gradient is added by <see cref="BeforeOptimizerStep"/>; its penalty can be read at any time.</summary>
    public OrthogonalityRegularizer Regularizer => _regularizer;

    /// <summary>What the schedule allows at the latest step, in the unit of <see cref="AdaLoraOptions.BudgetUnit"/>; before the first, what all triplets cost.</summary>
    public int Budget => _allocator is { } allocator && Step > 0 ? allocator.Schedule.BudgetAt(ScheduleStep - 1) : (int)Math.Min(int.MaxValue, _terms.CostOf(_bank.Layout.Shapes));

    /// <summary>Triplets the latest mask kept, over all matrices. Known without querying the device.</summary>
    public int LiveTriplets => _allocator?.LiveTriplets ?? _bank.Layout.Triplets;

    /// <summary>Whether the pattern is final; for a loaded adapter that has not been trained further, whether it was when it was saved.</summary>
    public bool IsPatternFinal => _allocator?.IsPatternFinal ?? IsLoadedFinal;

    /// <summary>Whether the pruned triplets were dropped.</summary>
    public bool IsCompacted => _allocator?.IsCompacted ?? IsLoadedFinal;

    /// <summary>Whether ranks will no longer change: the pattern is final, or the schedule prunes nothing and nothing is moved.</summary>
    internal bool AreRanksFinal => IsPatternFinal || (_allocator is { } allocator && !Options.Allocation.Resizes && allocator.Schedule.InitialBudget == allocator.Schedule.TargetBudget);

    private bool IsLoadedFinal => _origin is { Config.AreRanksFinal: true };

    /// <summary>The schedule's t for the current step: counted from 0, or from 1 as in the paper's algorithm.</summary>
    private long ScheduleStep => Options.SensitivityTiming == SensitivityTiming.AfterOptimizerStep ? Step : Step + 1;

    /// <summary>Adds adapters to a model: freezes it, replaces the targeted layers, and creates the triplets on the layers' device. Move the model to its device first.</summary>
    /// <param name="model">Any TorchSharp model; changed in place until <see cref="Detach"/>. The caller keeps owning it.</param>
    /// <param name="options">How to adapt it.</param>
    /// <param name="logger">Receives messages about masks and about what was left out.</param>
    /// <exception cref="ArgumentException">The options are not valid; all problems are listed. The model is unchanged.</exception>
    /// <exception cref="InjectionException">Targeted layers cannot be replaced, or there are none; all of them are listed. The model is unchanged.</exception>
    public static AdaLoraModel Attach(nn.Module model, AdaLoraOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new AdapterAttachment(model, options, logger ?? NullLogger.Instance).Build();
    }

    /// <summary>
    /// Describes what <see cref="Attach"/> would do and changes nothing: every layer that would be adapted, every one that would not and why, the parameter counts, and everything that would
    /// make it fail, all at once. What only shows when layers are actually replaced, such as a module that hides its children, is not detected.
    /// </summary>
    /// <param name="model">As in <see cref="Attach"/>.</param>
    /// <param name="options">As in <see cref="Attach"/>, but problems with them become part of the plan.</param>
    /// <returns>The plan, which prints itself as tables.</returns>
    public static AdaptationPlan Plan(nn.Module model, AdaLoraOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        return Planner.Plan(model, options);
    }

    internal TripletBank Bank => _bank;

    internal ImportanceTracker Tracker => _tracker;

    internal SharedFactors Factors => _factors;

    internal UsageGate Gate => _activity.Gate;

    TrainingTarget ITrainable.AsTrainingTarget() => new AdaptedTarget(this);

    internal IReadOnlyList<InjectionSite> Sites => _injection.Sites;

    internal IReadOnlyList<string> FullyTrainedModules => _selection.FullyTrainedModules;

    /// <summary>What is trained besides the triplets, by its name in the original model.</summary>
    internal IReadOnlyList<(string Name, Parameter Parameter)> TrainedInFull => [.. _selection.Parameters, .. _rows.Select(own => (own.Name, own.Values))];

    /// <summary>The modules that keep running averages, except those trained in full, by name.</summary>
    internal IReadOnlyList<string> ModulesWithStatistics => _buffers.ModulesWithStatistics;

    /// <summary>The names of all modules as if there were no adapters.</summary>
    internal IEnumerable<string> OriginalNames => ModuleNode.WalkOriginal(Model).Select(n => n.Path);

    private void LeaveTraining()
    {
        try
        {
            RequireAllocator();
        }
        catch (InvalidOperationException)
        {
            // A call to eval() has switched a part of the model by now.
            _activity.LeavingTraining = null;
            _modes?.PutBack();
            _activity.LeavingTraining = LeaveTraining;
            throw;
        }
    }

    private void RequireState()
    {
        ObjectDisposedException.ThrowIf(_isFreed, this);
        if (_adapters.Any(a => a.IsDisposed))
            throw new ObjectDisposedException(Model.GetType().FullName, "The model was disposed, and its adapters with it.");
    }

    /// <summary>Throws if the model was moved after it was adapted: its parameters are then new objects, which adapters cannot follow.</summary>
    private void RequireInPlace()
    {
        using var scope = NewDisposeScope();
        foreach (var adapter in _adapters)
            adapter.RequireInPlace();
        if (TrainableParameters.Any(p => p.IsInvalid))
            throw new InvalidOperationException("The model, including what is trained in full, was moved or changed after it was adapted. Call model.to(...) before AdaLoraModel.Attach.");
    }
}

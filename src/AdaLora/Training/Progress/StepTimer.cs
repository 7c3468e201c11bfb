using System.Diagnostics;
using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;
using AdaLora.Training.Data;

namespace AdaLora.Training.Progress;

/// <summary>Durations of optimiser steps, and throughput between reports.</summary>
internal sealed class StepTimer : IResumable
{
    private readonly Stopwatch _total = Stopwatch.StartNew();
    private readonly Stopwatch _step = new();
    private readonly List<double> _steps = [];
    private TimeSpan _before;
    private TimeSpan _reported;
    private long _samples;
    private long _tokens;

    /// <summary>Time since the start, including that of earlier processes.</summary>
    public TimeSpan Elapsed => _before + _total.Elapsed;

    public IReadOnlyList<double> StepMilliseconds => _steps;

    /// <summary>The current step's clock runs only between Resume and Pause, so that loading a batch does not count.</summary>
    public void Resume() => _step.Start();

    public void Pause(BatchSize work)
    {
        _step.Stop();
        _samples += work.Samples;
        _tokens += work.Tokens;
    }

    /// <returns>The duration of the step, in milliseconds.</returns>
    public double EndStep()
    {
        _steps.Add(_step.Elapsed.TotalMilliseconds);
        _step.Reset();
        return _steps[^1];
    }

    /// <summary>Reads the clocks for a report, and begins to count anew for the next.</summary>
    /// <param name="stepsLeft">Optimiser steps still to do.</param>
    public TimeFigures Read(long stepsLeft)
    {
        var seconds = Math.Max(1e-9, (Elapsed - _reported).TotalSeconds);
        var figures = new TimeFigures
        {
            SamplesPerSecond = _samples / seconds,
            TokensPerSecond = _tokens / seconds,
            Elapsed = Elapsed,
            Remaining = TimeSpan.FromSeconds(Math.Round(Elapsed.TotalSeconds / Math.Max(1, _steps.Count) * stepsLeft)),
        };
        (_reported, _samples, _tokens) = (Elapsed, 0, 0);
        return figures;
    }

    public void Save(StateTable state)
    {
        state.Put("elapsed", Elapsed.Ticks);
        state.Put("steps", _steps);
    }

    public void Resume(StateTable state)
    {
        _before = _reported = TimeSpan.FromTicks(state.Integer("elapsed"));
        _total.Restart();
        _steps.AddRange(state.Numbers("steps"));
    }
}
